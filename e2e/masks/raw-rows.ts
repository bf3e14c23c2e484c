import type pg from 'pg';

/** Runs a query and gives its values as they came over the wire, which no driver decodes in binary. */
export async function readRaw(
  client: pg.Client,
  sql: string,
  format: 'text' | 'binary',
): Promise<readonly (readonly (Buffer | null)[])[]> {
  const { stream } = (client as unknown as { connection: { stream: NodeJS.ReadableStream } }).connection;
  const chunks: Buffer[] = [];
  const take = (chunk: Buffer) => chunks.push(chunk);
  stream.on('data', take);
  try {
    // The driver makes texts of everything here, so that nothing that it cannot read is in the way.
    await client.query({
      text: sql,
      queryMode: 'extended',
      binary: format === 'binary',
      types: { getTypeParser: () => String },
    } as pg.QueryConfig);
  } finally {
    stream.off('data', take);
  }
  return rowsOf(Buffer.concat(chunks));
}

function rowsOf(bytes: Buffer): readonly (readonly (Buffer | null)[])[] {
  const rows: (Buffer | null)[][] = [];
  for (let at = 0; at < bytes.length; at += 1 + bytes.readUInt32BE(at + 1)) {
    if (bytes[at] !== DATA_ROW) continue;
    const row: (Buffer | null)[] = [];
    let value = at + 7;
    for (let count = bytes.readUInt16BE(at + 5); count > 0; count--) {
      const size = bytes.readInt32BE(value);
      row.push(size === -1 ? null : bytes.subarray(value + 4, value + 4 + size));
      value += 4 + Math.max(0, size);
    }
    rows.push(row);
  }
  return rows;
}

const DATA_ROW = 0x44;

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Inspection, openInspector } from './open-inspector.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-inspect-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function inspect(dialect: string, input: unknown, catalog?: object): Promise<Inspection> {
  const catalogFile = join(folder, 'catalog.json');
  if (catalog !== undefined) writeFileSync(catalogFile, JSON.stringify(catalog));
  const inspector = await openInspector(dialect, catalog === undefined ? {} : { catalogFile });
  try {
    return await inspector.inspect(input);
  } finally {
    await inspector.close();
  }
}

/** `action path` of every access. */
function touched({ statements }: Inspection): string[] {
  return statements.flatMap(({ accesses }) =>
    accesses.known
      ? accesses.value.map(
          ({ action, object }) =>
            `${action} ${object.known ? object.value.path.join('.') : `? ${object.reason}`}`,
        )
      : [`? ${accesses.reason}`],
  );
}

describe.each([
  ['postgres', 'public'],
  ['mysql', 'inspect'],
])('%s', (dialect, schema) => {
  test('names every object that a statement names, without a catalog', async () => {
    const result = await inspect(dialect, { text: 'select a from t join s.u on t.i = u.i; delete from v' });
    expect(result).toMatchObject({ unknown: false, error: null });
    expect(touched(result)).toEqual([`read ${schema}.t`, 'read s.u', `delete ${schema}.v`]);
  });

  test('tells columns apart by a catalog', async () => {
    const catalog = { tables: { t: ['a', 'i'], 's.u': ['b', 'i'] } };
    const [statement] = (await inspect(dialect, { text: 'select b from t, s.u' }, catalog)).statements;
    expect(statement?.output).toMatchObject({
      known: true,
      value: [{ name: 'b', sources: { value: [{ object: { path: ['s', 'u'] }, field: 'b' }] } }],
    });
  });

  test('gives an error, and no statements, for a NUL and for something else than a text', async () => {
    const failure = { statements: [], unknown: true };
    expect(await inspect(dialect, { text: 'select 1\0' })).toMatchObject(failure);
    expect(await inspect(dialect, { command: {} })).toEqual({ ...failure, error: 'expected {"text": …}' });
    expect(await inspect(dialect, null)).toEqual({ ...failure, error: 'expected {"text": …}' });
  });
});

describe('mongodb', () => {
  test('reads a command', async () => {
    const command = { find: 'tickets', filter: { status: 'open' }, $db: 'support' };
    expect(touched(await inspect('mongodb', { command }))).toEqual(['read support.tickets']);
  });

  test('says that a JavaScript operator is unknown or a call, never a plain read', async () => {
    const command = { find: 'tickets', filter: { $where: 'sleep(1)' }, $db: 'support' };
    const result = await inspect('mongodb', { command });
    expect(result.unknown || touched(result).some((each) => each.startsWith('call'))).toBe(true);
  });
});

test('says what a catalog file should look like', async () => {
  await expect(inspect('mysql', { text: 'select 1' }, { tables: ['t'] })).rejects.toThrow(
    /expected \{"tables": /,
  );
});

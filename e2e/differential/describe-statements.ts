/** What the server says of statements without running them: Parse and Describe, many at a time. */
import { int16, logIn, type Message, message, openRaw } from '../clients/postgres-wire.ts';

/** One column of a RowDescription; `table` and `attribute` are 0 for what is computed. */
export interface DescribedColumn {
  readonly name: string;
  readonly table: number;
  readonly attribute: number;
}

/** The columns, empty for a statement that returns none; null for one that the server does not accept. */
export type Description = readonly DescribedColumn[] | null;

export interface Describer {
  /** One description for each text, in order. */
  describe(texts: readonly string[]): Promise<readonly Description[]>;
  close(): void;
}

export async function openDescriber(
  port: number,
  who: { readonly user: string; readonly password: string; readonly database: string },
): Promise<Describer> {
  const client = openRaw(port);
  await logIn(client, who);
  return {
    async describe(texts) {
      for (const text of texts)
        client.send(message('P', '', text, int16(0)), message('D', 'S'), message('S'));
      const answers: (readonly Message[])[] = [];
      let current: Message[] = [];
      for (const answer of await client.untilReady(texts.length)) {
        current.push(answer);
        if (answer.type !== 'Z') continue;
        answers.push(current);
        current = [];
      }
      if (answers.length !== texts.length) throw new Error('the server has closed the connection');
      return answers.map(descriptionOf);
    },
    close: () => client.end(),
  };
}

function descriptionOf(answers: readonly Message[]): Description {
  if (answers.some(({ type }) => type === 'E')) return null;
  const row = answers.find(({ type }) => type === 'T');
  return row === undefined ? [] : columnsOf(row.body);
}

function columnsOf(body: Buffer): readonly DescribedColumn[] {
  const columns: DescribedColumn[] = [];
  let at = 2;
  for (let index = body.readInt16BE(0); index > 0; index -= 1) {
    const end = body.indexOf(0, at);
    columns.push({
      name: body.toString('utf8', at, end),
      table: body.readUInt32BE(end + 1),
      attribute: body.readInt16BE(end + 5),
    });
    at = end + 19;
  }
  return columns;
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  DECLARED_KINDS,
  findGaps,
  formatDocument,
  readKinds,
  readParserKinds,
  type StatementKind,
} from './statement-kinds.ts';

const ROOT = join(import.meta.dirname, '..');

describe('docs/statement-kinds.md', () => {
  let kinds: readonly StatementKind[];

  beforeAll(async () => {
    kinds = await readKinds();
  });

  it('is what the analyzer says', () => {
    expect(readFileSync(join(ROOT, 'docs/statement-kinds.md'), 'utf8')).toBe(formatDocument(kinds));
  });

  it('has every kind that the parser knows, mapped or declared to be unknown', () => {
    const parserKinds = readParserKinds();
    expect(parserKinds.length).toBeGreaterThan(110);
    expect(findGaps(parserKinds, DECLARED_KINDS, kinds)).toEqual([]);
  });

  it('names a kind that is new, one that is gone, and one that is not what it is declared to be', () => {
    const opaque: StatementKind = {
      kind: 'NewStmt',
      samples: [{ verb: 'new', actions: [], unknown: 'a statement of this kind is not understood' }],
    };
    expect(findGaps(['NewStmt', 'OtherStmt'], ['NewStmt', 'OldStmt'], [opaque])).toEqual([
      '`OtherStmt` is neither mapped nor declared',
      '`OldStmt` is declared and the parser does not know it',
      '`NewStmt` is declared not to be unknown',
    ]);
  });
});

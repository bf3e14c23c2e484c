/**
 * Comparisons of a column with a parameter: whether one is a single guess at its value is known when the types of
 * the parameters are. Beside a number the server reads a text column as a number, and then one comparison meets
 * many values (MariaDB knowledge base, "Type Conversion").
 */
import type { Access, Statement } from '@gatehouse/model';
import { known } from '@gatehouse/model';
import { TYPE } from '../messages/column-type.ts';
import type { PreparedStatement } from './statement-table.ts';
import type { TextFacts } from './text-facts.ts';

/** Whether every parameter of the execution at hand is a text (or NULL, which nothing is equal to). */
export function areTexts({ types, parameters }: PreparedStatement): boolean {
  if (parameters === 0) return true;
  return types !== null && types.length >= parameters && types.every(({ type }) => TEXTS.has(type));
}

/** The statements with such comparisons as filters like any other. */
export function withoutGuesses({ analyzed, statements }: TextFacts): readonly Statement[] {
  if (!analyzed.some(({ comparesParameters }) => comparesParameters === true)) return statements;
  return statements.map((statement) =>
    statement.accesses.known
      ? { ...statement, accesses: known(statement.accesses.value.map(withPlainFilters)) }
      : statement,
  );
}

function withPlainFilters(access: Access): Access {
  if (!access.fields.known) return access;
  return { ...access, fields: known(access.fields.value.map(({ field, use }) => ({ field, use }))) };
}

const TEXTS: ReadonlySet<number> = new Set([TYPE.varchar, TYPE.varString, TYPE.string, TYPE.null]);

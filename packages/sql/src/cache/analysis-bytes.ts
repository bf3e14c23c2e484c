import type { Analysis, AnalyzedStatement } from '../analysis.ts';

/** A rough measure of a kept answer: two bytes a character of the key, and a constant for each fact. */
export function analysisBytes(key: string, analysis: Analysis): number {
  let bytes = 400 + 2 * key.length;
  if (analysis.kind === 'refused') return bytes;
  for (const statement of analysis.statements) bytes += statementBytes(statement);
  return bytes;
}

function statementBytes({ facts, effects }: AnalyzedStatement): number {
  let bytes = 800;
  for (const access of facts.accesses.known ? facts.accesses.value : []) {
    bytes += 300 + 100 * (access.fields.known ? access.fields.value.length : 1);
  }
  for (const column of facts.output.known ? facts.output.value : []) {
    bytes += 150 + 150 * (column.sources.known ? column.sources.value.length : 1);
  }
  for (const effect of effects) {
    bytes +=
      effect.kind === 'prepare' || effect.kind === 'declare-cursor' ? statementBytes(effect.statement) : 150;
  }
  return bytes;
}

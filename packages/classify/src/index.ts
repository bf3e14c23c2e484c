export type { ColumnSample, Proposal, ValueType } from './judge-column.ts';
export { judgeColumn } from './judge-column.ts';

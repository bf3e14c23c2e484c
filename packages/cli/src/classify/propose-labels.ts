import { type Proposal as ColumnProposal, judgeColumn } from '@gatehouse/classify';
import type { StandingLabels } from '@gatehouse/core';
import type { SampledColumn, SampledTable } from './sampled-table.ts';

/** A label for a column, with what speaks for it. */
export interface Proposal extends ColumnProposal {
  readonly namespace: string;
  readonly table: string;
  readonly field: string;
  /** The column has the label already. */
  readonly stands: boolean;
}

/** Labels for every column of the tables, table by table, the surest of a column first. */
export function proposeLabels(
  tables: readonly SampledTable[],
  standing: StandingLabels,
): readonly Proposal[] {
  return tables.flatMap(({ namespace, name, columns }) =>
    columns.flatMap((column) => {
      const labels = standing({ kind: 'relation', path: [namespace, name] }, column.field);
      return judgeParts(name, column).map((proposal) => ({
        ...proposal,
        namespace,
        table: name,
        field: column.field,
        stands: labels.includes(proposal.label),
      }));
    }),
  );
}

/** Of the parts of one column the surest for each label; where it stands is part of the evidence. */
function judgeParts(container: string, { field, parts }: SampledColumn): readonly ColumnProposal[] {
  const best = new Map<string, ColumnProposal>();
  for (const { path, type, values } of parts) {
    const inside = path.join('.');
    for (const proposal of judgeColumn({ container, path, type, values })) {
      if (proposal.confidence <= (best.get(proposal.label)?.confidence ?? 0)) continue;
      const evidence = inside === field ? proposal.evidence : `in \`${inside}\`: ${proposal.evidence}`;
      best.set(proposal.label, { ...proposal, evidence });
    }
  }
  return [...best.values()].sort((a, b) => b.confidence - a.confidence);
}

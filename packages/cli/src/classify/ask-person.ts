import { createInterface } from 'node:readline/promises';
import { formatTable } from '../terminal.ts';
import type { Proposal } from './propose-labels.ts';

/** Asks a person one question; null when there will be no answer any more. */
export type Ask = (question: string) => Promise<string | null>;

export interface Person {
  readonly ask: Ask;
  close(): void;
}

/** A person at this terminal; null when standard input or standard error is none. */
export function findPerson(): Person | null {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) return null;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new Promise<null>((resolve) => lines.once('close', () => resolve(null)));
  return {
    ask: (question) => Promise.race([lines.question(question).catch(() => null), ended]),
    close: () => lines.close(),
  };
}

const LABEL = /^(?=.{1,100}$)[a-z0-9][a-z0-9-]*(?:\.[a-z0-9][a-z0-9-]*)*$/;

/**
 * Goes through the proposals with a person: `y` takes a label, `n` leaves it, `e` puts another in its place, `q` leaves
 * it and everything after it. Gives what was taken; null when the person went away (Ctrl-C, end of input), and then
 * nothing is taken.
 */
export async function askPerson(
  proposals: readonly Proposal[],
  ask: Ask,
): Promise<readonly Proposal[] | null> {
  const taken: Proposal[] = [];
  for (const [index, proposal] of proposals.entries()) {
    const answer = await askForOne(proposal, `${index + 1}/${proposals.length}`, ask);
    if (answer.kind === 'gone') return null;
    if (answer.kind === 'quit') break;
    if (answer.kind === 'take') taken.push({ ...proposal, label: answer.label });
  }
  return taken;
}

type Answer =
  | { readonly kind: 'take'; readonly label: string }
  | { readonly kind: 'leave' | 'quit' | 'gone' };

async function askForOne(proposal: Proposal, place: string, ask: Ask): Promise<Answer> {
  const question = `${place}  ${describe(proposal)}\n  label it \`${proposal.label}\`? [y]es, [n]o, [e]dit, [q]uit: `;
  for (;;) {
    const answer = (await ask(question))?.trim().toLowerCase();
    if (answer === undefined) return { kind: 'gone' };
    if (answer === 'y' || answer === 'yes') return { kind: 'take', label: proposal.label };
    if (answer === 'n' || answer === 'no') return { kind: 'leave' };
    if (answer === 'q' || answer === 'quit') return { kind: 'quit' };
    if (answer === 'e' || answer === 'edit') return askForLabel(ask);
  }
}

async function askForLabel(ask: Ask): Promise<Answer> {
  for (;;) {
    const label = (await ask('  label: '))?.trim();
    if (label === undefined) return { kind: 'gone' };
    if (LABEL.test(label)) return { kind: 'take', label };
  }
}

/** The proposals as a table. */
export function formatProposals(proposals: readonly Proposal[]): string {
  return formatTable([
    ['COLUMN', 'LABEL', 'SURE', 'EVIDENCE', 'EXAMPLES, MASKED'],
    ...proposals.map((proposal) => [
      columnOf(proposal),
      proposal.stands ? `${proposal.label} (stands)` : proposal.label,
      percent(proposal.confidence),
      printable(proposal.evidence),
      proposal.examples.join('  '),
    ]),
  ]);
}

function describe(proposal: Proposal): string {
  return `${columnOf(proposal)}: ${printable(proposal.evidence)} (${percent(proposal.confidence)}) ${proposal.examples.join('  ')}`;
}

function columnOf({ namespace, table, field }: Proposal): string {
  return printable(`${namespace}.${table} ${field}`);
}

/** Names come from the database, and a terminal obeys what it is sent. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '·');
}

function percent(share: number): string {
  return `${Math.floor(share * 100)} %`;
}

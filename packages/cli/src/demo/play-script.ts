import type { AuditReader, StoredEvent } from '@gatehouse/audit';
import type { IntentBody, OutcomeBody } from '@gatehouse/model';
import { clientCommand, type DemoStep, type Expectation, stepsOf } from './demo-steps.ts';
import { askDirectly, countDirectly } from './direct-answer.ts';
import type { Demo } from './open-demo.ts';
import { runClient } from './run-client.ts';

export interface StepResult {
  readonly title: string;
  readonly statement: string;
  readonly output: string;
  /** Request id in the audit, when it was found. */
  readonly request: string | null;
  /** Null when everything is as expected. */
  readonly problem: string | null;
}

/** Plays every step with its real client, checks the database itself and the audit store, and tells each as it goes. */
export async function playScript(demo: Demo, tell: (line: string) => void): Promise<readonly StepResult[]> {
  const results: StepResult[] = [];
  for (const step of stepsOf(demo)) {
    tell(`\n# ${step.title} (${step.principal})`);
    const result = await playStep(demo, step);
    tell(`$ ${step.statement}`);
    tell(indent(result.output));
    tell(
      result.problem === null
        ? `  as expected; in the audit as ${result.request}`
        : `  NOT AS EXPECTED: ${result.problem}`,
    );
    results.push(result);
  }
  return results;
}

async function playStep(demo: Demo, step: DemoStep): Promise<StepResult> {
  const { dialect, principal, statement, expect } = step;
  const since = new Date().toISOString();
  const before = expect.kind === 'denied' ? await countDirectly(demo, dialect, expect.unchanged) : 0;
  const command = clientCommand(demo, dialect, principal, statement);
  const { exitCode, output } = await runClient(command, { PGPASSWORD: demo.token(principal) }, CLIENT_MS);
  const problem =
    (await checkAnswer(demo, step, exitCode, output)) ?? (await checkUnchanged(demo, step, before));
  const story = await findStory(demo, step, since);
  return {
    title: step.title,
    statement,
    output: output.trim(),
    request: story?.intent.request ?? null,
    problem: problem ?? checkStory(expect, story),
  };
}

async function checkAnswer(
  demo: Demo,
  { dialect, expect }: DemoStep,
  exitCode: number | null,
  output: string,
): Promise<string | null> {
  if (expect.kind !== 'rows')
    return output.includes('gatehouse:') ? null : 'the client was not told of a refusal';
  if (exitCode !== 0) return `the client ended with ${exitCode ?? 'a signal'}`;
  if (expect.masked === null) return null;
  const values = await askDirectly(demo, dialect, expect.masked);
  if (values.length === 0) return 'the database has no values to compare with';
  return values.some((value) => output.includes(value)) ? 'a masked value came out' : null;
}

async function checkUnchanged(
  demo: Demo,
  { dialect, expect }: DemoStep,
  before: number,
): Promise<string | null> {
  if (expect.kind !== 'denied') return null;
  const after = await countDirectly(demo, dialect, expect.unchanged);
  return after === before && after > 0 ? null : `the database has changed: ${before} before, ${after} after`;
}

interface Story {
  readonly intent: IntentBody;
  readonly outcome: OutcomeBody;
}

/** The statement's intent and outcome in the store; polls, because the queue takes a moment. */
async function findStory(demo: Demo, step: DemoStep, since: string): Promise<Story | null> {
  const reader = demo.running.audit.reader;
  if (reader === null) return null;
  for (let tries = 0; tries < AUDIT_TRIES; tries++) {
    const story = await lookUp(reader, step, since);
    if (story !== null) return story;
    await new Promise((resolve) => setTimeout(resolve, AUDIT_POLL_MS));
  }
  return null;
}

async function lookUp(
  reader: AuditReader,
  { principal, statement, dialect }: DemoStep,
  since: string,
): Promise<Story | null> {
  const intents = bodiesOf(await reader.search({ kind: 'intent', who: principal, from: since }), 'intent');
  // A shell sends more than the statement; the one that was meant names its collection and its verb.
  const intent = intents.find((body) =>
    dialect === 'mongodb' ? isMeant(body, statement) : body.text?.trim() === statement,
  );
  if (intent === undefined) return null;
  const outcome = bodiesOf(await reader.show(intent.request), 'outcome')[0];
  return outcome === undefined ? null : { intent, outcome };
}

function isMeant({ statements }: IntentBody, statement: string): boolean {
  const verb = /\.(\w+)\(/.exec(statement)?.[1]?.toLowerCase() ?? '';
  return statements.some((facts) => verb.startsWith(facts.verb.toLowerCase()));
}

function bodiesOf<Kind extends 'intent' | 'outcome'>(
  events: readonly StoredEvent[],
  kind: Kind,
): readonly Extract<IntentBody | OutcomeBody, { kind: Kind }>[] {
  return events.map(({ line }) => JSON.parse(line).body).filter((body) => body.kind === kind);
}

function checkStory(expect: Expectation, story: Story | null): string | null {
  if (story === null) return 'not found in the audit store';
  const { intent, outcome } = story;
  if (expect.kind === 'rows') {
    if (outcome.result !== 'ok') return `the audit says \`${outcome.result}\``;
    return expect.masked === null || outcome.maskedCells > 0 ? null : 'the audit knows of no masked value';
  }
  const rule = intent.decision.reason.rule;
  const name = rule === undefined ? 'none' : `${rule.policy}/${rule.rule}`;
  if (outcome.result !== 'denied') return `the audit says \`${outcome.result}\``;
  return name === expect.rule ? null : `refused by rule \`${name}\`, expected \`${expect.rule}\``;
}

function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}

const CLIENT_MS = 30_000;
const AUDIT_TRIES = 100;
const AUDIT_POLL_MS = 100;

/** The events of one request as a screen for people: who, what, under which rule, what came of it. */
import {
  formatObject,
  type IntentBody,
  type LoginBody,
  type OutcomeBody,
  type Statement,
} from '@gatehouse/model';
import { type AuditEvent, parseLine } from '../journal/event-line.ts';
import { formatWho } from '../store/event-columns.ts';
import { formatCounts } from './format-event.ts';
import { createPaint, type Paint, verdictColour } from './paint.ts';
import { shortened, visibleText } from './visible-text.ts';
import { wrapText } from './wrap-text.ts';

/** A text of undefined is a rule across the screen. */
type Row = readonly [label: string, text: string | undefined, paint?: (text: string) => string];

const MAX_TEXT = 2_000;
const MAX_LIST = 20;
const LABEL = 10;

interface StoryOptions {
  readonly colour?: boolean;
  /** Characters of a line, 100 when absent. */
  readonly width?: number;
}

/** Gives several lines with a line feed at the end, from lines as `show` returns them; `no such request` for none. */
export function formatStory(lines: readonly string[], options: StoryOptions = {}): string {
  const paint = createPaint(options.colour ?? false);
  const width = Math.max(40, options.width ?? 100);
  const events = lines.map(parseLine).filter((event): event is AuditEvent => event !== null);
  if (events.length === 0) return 'no such request\n';
  const rows = [...titleRows(events, paint), ...events.flatMap((event) => storyRows(event, paint))];
  rows.push(...evidenceRows(events));
  return `${rows.flatMap((row) => formatRow(row, width, paint)).join('\n')}\n`;
}

function formatRow([label, text, colour]: Row, width: number, paint: Paint): string[] {
  if (text === undefined) return [paint('dim', '\u2500'.repeat(width))];
  return wrapText(text, width - LABEL - 2).map((line, index) => {
    const shown = colour === undefined ? line : colour(line);
    return `${paint('dim', (index === 0 ? label : '').padEnd(LABEL))}  ${shown}`.trimEnd();
  });
}

/** The whole story in one line: `demo-4f2a-1: permitted, 20 rows in 3.4 ms`. */
function titleRows(events: readonly AuditEvent[], paint: Paint): Row[] {
  const intent = events.find(({ body }) => body.kind === 'intent')?.body;
  const outcome = events.findLast(({ body }) => body.kind === 'outcome')?.body;
  if (intent?.kind !== 'intent') return [];
  const effect = String(intent.decision?.effect ?? 'unknown');
  const result = outcome?.kind === 'outcome' ? String(outcome.result) : 'no outcome recorded';
  const good = effect === 'permit' && result === 'ok';
  const verdict = effect === 'deny' ? 'denied' : `${effect === 'permit' ? 'permitted' : effect}, ${result}`;
  const bold = (text: string) => paint('bold', paint(good ? 'green' : verdictColour(result), text));
  return [
    ['request', visibleText(String(intent.request)), (text) => paint('bold', text)],
    ['verdict', visibleText(verdict), bold],
    ['', undefined],
  ];
}

/** Where the proof is: which events of which node. */
function evidenceRows(events: readonly AuditEvent[]): Row[] {
  const places = events.map(({ node, seq }) => `${node} ${seq}`).join(', ');
  return [
    ['', undefined],
    ['evidence', visibleText(`events ${places}; gatehouse audit verify proves them`)],
  ];
}

function storyRows(event: AuditEvent, paint: Paint): Row[] {
  const { body, at } = event;
  const time = at.replace('T', ' ').replace('Z', ' UTC');
  try {
    switch (body.kind) {
      case 'login':
        return loginRows(body, time, paint);
      case 'intent':
        return intentRows(body, time, paint);
      case 'outcome':
        return outcomeRows(body, time, paint);
      default:
        return [[visibleText(body.kind), visibleText(`${time}  ${JSON.stringify(body)}`)]];
    }
  } catch {
    // A shape that this version does not know is shown as it is.
    return [[visibleText(body.kind), shortened(visibleText(JSON.stringify(body)), MAX_TEXT)]];
  }
}

function loginRows(
  { principal, claimedName, session, method, result, error, tokenId }: LoginBody,
  time: string,
  paint: Paint,
): Row[] {
  const who =
    principal === undefined ? `claimed \`${claimedName}\`` : `${formatWho(principal)} (${principal.kind})`;
  const how = [method, tokenId, session.tls ? 'TLS' : 'no TLS', session.application].filter(
    (part) => part !== undefined,
  );
  const rows: Row[] = [
    ['who', visibleText(who)],
    ['login', visibleText(`${time} from ${session.clientAddress} (${how.join(', ')})`)],
  ];
  if (result !== 'accepted') {
    const text = `${result}${error === undefined ? '' : ` (${error})`}`;
    rows.push(['', visibleText(text), (line) => paint(verdictColour(String(result)), line)]);
  }
  return rows;
}

function intentRows(body: IntentBody, time: string, paint: Paint): Row[] {
  const { session, principal, statements, decision, via, text, parameters } = body;
  const { reason } = decision;
  const rows: Row[] = [
    ['as', visibleText(formatWho(principal))],
    ['asked', visibleText(`${time} of ${session.database.name} (${session.dialect}, ${via})`)],
  ];
  if (principal.task !== undefined) rows.push(['task', visibleText(principal.task)]);
  if (text !== undefined) {
    rows.push(['text', visibleText(shortened(text, MAX_TEXT)), (line) => paint('bold', line)]);
  }
  if (parameters !== undefined)
    rows.push(['with', visibleText(shortened(JSON.stringify(parameters), MAX_TEXT))]);
  for (const statement of statements.slice(0, MAX_LIST)) rows.push(...statementRows(statement));
  if (statements.length > MAX_LIST) rows.push(['', `and ${statements.length - MAX_LIST} more statements`]);
  rows.push([
    'decision',
    visibleText(`${decision.effect}: ${reason.text}`),
    (line) => paint(verdictColour(String(decision.effect)), line),
  ]);
  const rule = reason.rule === undefined ? '' : `${formatRule(reason.rule)}, `;
  rows.push(['rule', visibleText(`${rule}policies ${decision.policyRevision}`)]);
  if (reason.hint !== undefined) rows.push(['hint', visibleText(reason.hint)]);
  for (const [index, { object, field, masker }] of decision.obligations.masks.slice(0, MAX_LIST).entries()) {
    rows.push([index === 0 ? 'masks' : '', visibleText(`${formatObject(object)}.${field} ${masker.kind}`)]);
  }
  for (const { object, field, guesses, perHour } of (decision.obligations.probes ?? []).slice(0, MAX_LIST)) {
    const times = guesses === 1 ? 'a guess' : `${guesses} guesses`;
    rows.push([
      'counted',
      visibleText(`${times} at ${formatObject(object)}.${field}, of ${perHour} in an hour`),
    ]);
  }
  return rows;
}

function statementRows({ verb, accesses }: Statement): Row[] {
  if (!accesses.known) return [[visibleText(verb), `not understood: ${visibleText(accesses.reason)}`]];
  const texts = accesses.value.slice(0, MAX_LIST).map(({ action, object, fields }) => {
    const name = object.known ? formatObject(object.value) : `unknown (${object.reason})`;
    const used = fields.known ? [...new Set(fields.value.map(({ field }) => field))].join(', ') : 'any field';
    return `${action} ${name}${used === '' ? '' : ` (${used})`}`;
  });
  if (accesses.value.length > MAX_LIST) texts.push(`and ${accesses.value.length - MAX_LIST} more`);
  return (texts.length === 0 ? ['touches nothing'] : texts).map((text, index) => [
    index === 0 ? visibleText(verb) : '',
    visibleText(text),
  ]);
}

function outcomeRows(body: OutcomeBody, time: string, paint: Paint): Row[] {
  const code = body.code === undefined ? '' : ` (${body.code})`;
  return [
    ['answered', visibleText(time)],
    [
      'outcome',
      visibleText(`${body.result}${code}: ${formatCounts(body)}`),
      (line) => paint(verdictColour(String(body.result)), line),
    ],
  ];
}

function formatRule({ policy, rule, at }: { policy: string; rule: string; at?: string }): string {
  return `${policy}/${rule}${at === undefined ? '' : ` (${at})`}`;
}

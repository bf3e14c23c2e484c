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

type Row = readonly [label: string, text: string];

const MAX_TEXT = 2_000;
const MAX_LIST = 20;

/** Gives several lines with a line feed at the end, from lines as `show` returns them; `no such request` for none. */
export function formatStory(lines: readonly string[], options: { readonly colour?: boolean } = {}): string {
  const paint = createPaint(options.colour ?? false);
  const events = lines.map(parseLine).filter((event): event is AuditEvent => event !== null);
  if (events.length === 0) return 'no such request\n';
  const rows = events.flatMap((event) => [...storyRows(event, paint), ['', ''] as const]);
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows
    .slice(0, -1)
    .map(([label, text]) => `${paint('dim', label.padEnd(width))}  ${text}`.trimEnd())
    .join('\n')
    .concat('\n');
}

function storyRows(event: AuditEvent, paint: Paint): Row[] {
  const heading = (kind: string): Row => [
    kind,
    paint('bold', `${event.at}  ${visibleText(event.node)} ${event.seq}`),
  ];
  const { body } = event;
  try {
    switch (body.kind) {
      case 'login':
        return [heading('login'), ...loginRows(body, paint)];
      case 'intent':
        return [heading('request'), ...intentRows(body, paint)];
      case 'outcome':
        return [heading('outcome'), ...outcomeRows(body, paint)];
      default:
        return [heading(visibleText(body.kind)), ['', visibleText(JSON.stringify(body))]];
    }
  } catch {
    // A shape that this version does not know is shown as it is.
    return [heading(visibleText(body.kind)), ['', shortened(visibleText(JSON.stringify(body)), MAX_TEXT)]];
  }
}

function loginRows(
  { principal, claimedName, session, method, result, error, tokenId }: LoginBody,
  paint: Paint,
): Row[] {
  const who =
    principal === undefined ? `claimed \`${claimedName}\`` : `${formatWho(principal)} (${principal.kind})`;
  const how = [method, tokenId, session.tls ? 'TLS' : 'no TLS', session.application].filter(
    (part) => part !== undefined,
  );
  return [
    ['who', visibleText(who)],
    ['how', visibleText(how.join(', '))],
    ['from', visibleText(session.clientAddress)],
    [
      'result',
      paint(verdictColour(result), visibleText(result)) +
        (error === undefined ? '' : ` (${visibleText(error)})`),
    ],
  ];
}

function intentRows(body: IntentBody, paint: Paint): Row[] {
  const { request, session, principal, statements, decision, via, text, parameters } = body;
  const { reason } = decision;
  const rows: Row[] = [
    ['id', visibleText(request)],
    ['who', visibleText(formatWho(principal))],
    ['where', visibleText(`${session.database.name} (${session.dialect}), ${via}`)],
  ];
  if (principal.task !== undefined) rows.push(['task', visibleText(principal.task)]);
  if (text !== undefined) rows.push(['text', visibleText(shortened(text, MAX_TEXT))]);
  if (parameters !== undefined)
    rows.push(['with', visibleText(shortened(JSON.stringify(parameters), MAX_TEXT))]);
  for (const statement of statements.slice(0, MAX_LIST)) rows.push(...statementRows(statement));
  if (statements.length > MAX_LIST) rows.push(['', `and ${statements.length - MAX_LIST} more statements`]);
  rows.push([
    'decision',
    `${paint(verdictColour(decision.effect), visibleText(decision.effect))}: ${visibleText(reason.text)}`,
  ]);
  if (reason.rule !== undefined) rows.push(['rule', visibleText(formatRule(reason.rule))]);
  if (reason.hint !== undefined) rows.push(['hint', visibleText(reason.hint)]);
  for (const { object, field, masker } of decision.obligations.masks.slice(0, MAX_LIST)) {
    rows.push(['masks', visibleText(`${formatObject(object)}.${field} ${masker.kind}`)]);
  }
  rows.push(['policies', visibleText(decision.policyRevision)]);
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

function outcomeRows(body: OutcomeBody, paint: Paint): Row[] {
  const code = body.code === undefined ? '' : ` (${visibleText(body.code)})`;
  return [
    ['result', `${paint(verdictColour(body.result), visibleText(body.result))}${code}`],
    ['counts', visibleText(formatCounts(body))],
  ];
}

function formatRule({ policy, rule, at }: { policy: string; rule: string; at?: string }): string {
  return `${policy}/${rule}${at === undefined ? '' : ` (${at})`}`;
}

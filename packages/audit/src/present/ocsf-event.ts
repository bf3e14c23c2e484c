/**
 * An event in the form of the Open Cybersecurity Schema Framework, class 6005 (Datastore Activity),
 * version 1.3.0, for systems that collect from many sources. The mapping is a table in docs/audit.md.
 *
 * The form is a translation and proves nothing; `metadata.uid`, `unmapped.hash` and `unmapped.prev`
 * lead back to the line in the journal.
 */
import {
  type AuditBody,
  formatObject,
  type IntentBody,
  type JsonValue,
  type OutcomeBody,
  type Principal,
  type SessionFacts,
} from '@gatehouse/model';
import { type AuditEvent, hashLine, parseLine } from '../journal/event-line.ts';
import { formatWho } from '../store/event-columns.ts';

type Fields = Readonly<Record<string, unknown>>;

const CLASS = 6005;
const VERSION = '1.3.0';

const ACTIVITY = {
  unknown: 0,
  read: 1,
  update: 2,
  connect: 3,
  query: 4,
  write: 5,
  create: 6,
  delete: 7,
  other: 99,
};
const ACTIVITY_NAMES: Readonly<Record<number, string>> = {
  0: 'Unknown',
  1: 'Read',
  2: 'Update',
  3: 'Connect',
  4: 'Query',
  5: 'Write',
  6: 'Create',
  7: 'Delete',
  99: 'Other',
};
/** Actions as the model names them; what is not here is a query. */
const ACTIVITY_OF_ACTION: ReadonlyMap<string, number> = new Map([
  ['read', ACTIVITY.read],
  ['insert', ACTIVITY.write],
  ['update', ACTIVITY.update],
  ['delete', ACTIVITY.delete],
  ['define', ACTIVITY.create],
]);
const SEVERITY = { informational: 1, low: 2, medium: 3 };
const SEVERITY_NAMES: Readonly<Record<number, string>> = { 1: 'Informational', 2: 'Low', 3: 'Medium' };

/** Gives the event as one line of JSON without line feed, or null for a line that is no event. */
export function ocsfEvent(line: string): string | null {
  const event = parseLine(line);
  return event === null ? null : JSON.stringify(ocsfFields(event, line));
}

function ocsfFields(event: AuditEvent, line: string): Fields {
  const { node, seq, at, prev, body } = event;
  const facts = safeFacts(body);
  const activity = facts.activity ?? ACTIVITY.other;
  const severity = facts.severity ?? SEVERITY.informational;
  return {
    class_uid: CLASS,
    class_name: 'Datastore Activity',
    category_uid: 6,
    category_name: 'Application Activity',
    activity_id: activity,
    activity_name: ACTIVITY_NAMES[activity],
    type_uid: CLASS * 100 + activity,
    type_name: `Datastore Activity: ${ACTIVITY_NAMES[activity]}`,
    time: Date.parse(at),
    severity_id: severity,
    severity: SEVERITY_NAMES[severity],
    ...facts.fields,
    metadata: {
      version: VERSION,
      product: { name: 'Gatehouse', vendor_name: 'Gatehouse' },
      profiles: ['security_control'],
      uid: `${node}/${seq}`,
      sequence: seq,
      log_name: body.kind,
      original_time: at,
      ...(facts.correlation === undefined ? {} : { correlation_uid: facts.correlation }),
    },
    unmapped: { ...facts.unmapped, node, prev, hash: hashLine(line) },
  };
}

interface Facts {
  readonly activity?: number;
  readonly severity?: number;
  readonly correlation?: string;
  readonly fields?: Fields;
  readonly unmapped?: Fields;
}

/** A body of a shape that this version does not know goes along as it is. */
function safeFacts(body: AuditBody): Facts {
  try {
    // A kind that a later version adds gives nothing here.
    return (bodyFacts(body) as Facts | undefined) ?? { unmapped: { body } };
  } catch {
    return { unmapped: { body } };
  }
}

function bodyFacts(body: AuditBody): Facts {
  switch (body.kind) {
    case 'login': {
      const good = body.result === 'accepted';
      return {
        activity: ACTIVITY.connect,
        severity: good ? SEVERITY.informational : SEVERITY.medium,
        fields: {
          ...outcomeFields(good, body.result, body.error),
          ...decisionFields(good),
          ...sessionFields(body.session),
          actor: actor(body.principal, body.claimedName, body.session.id),
        },
        unmapped: { method: body.method, token: body.tokenId, tls: body.session.tls },
      };
    }
    case 'intent':
      return intentFacts(body);
    case 'outcome':
      return outcomeFacts(body);
    case 'logout': {
      const { session, reason, statements, durationMs } = body;
      return {
        fields: { actor: { session: { uid: session } }, duration: durationMs },
        unmapped: { reason, statements },
      };
    }
    case 'violation':
      return {
        severity: SEVERITY.medium,
        fields: {
          ...outcomeFields(false, body.code, body.detail),
          ...sessionFields(body.session),
          actor: actor(body.principal, undefined, body.session.id),
        },
      };
    case 'gateway':
      return { fields: { message: body.what }, unmapped: { detail: body.detail } };
  }
}

function intentFacts(body: IntentBody): Facts {
  const { request, session, principal, statements, decision, text, parameters, via } = body;
  const permitted = decision.effect === 'permit';
  const accesses = statements.flatMap((statement) =>
    statement.accesses.known ? statement.accesses.value : [],
  );
  const objects = accesses.map(({ object }) => (object.known ? formatObject(object.value) : '?'));
  const [first] = accesses;
  const { rule, code } = decision.reason;
  return {
    activity: ACTIVITY_OF_ACTION.get(first?.action ?? '') ?? ACTIVITY.query,
    severity: permitted ? SEVERITY.informational : SEVERITY.medium,
    correlation: request,
    fields: {
      ...decisionFields(permitted),
      ...sessionFields(session),
      actor: {
        ...actor(principal, undefined, session.id),
        authorizations: [
          {
            decision: decision.effect,
            policy: { name: rule?.policy, uid: rule?.rule, version: decision.policyRevision },
          },
        ],
      },
      ...(objects[0] === undefined ? {} : { table: { name: objects[0] }, type_id: 3, type: 'Table' }),
      query_info: { uid: request, query_string: text, name: statements.map(({ verb }) => verb).join(', ') },
      status_detail: code,
    },
    unmapped: {
      objects: [...new Set(objects)],
      actions: [...new Set(accesses.map(({ action }) => action))],
      masks: decision.obligations.masks.map(
        ({ object, field, masker }) => `${formatObject(object)}.${field} ${masker.kind}`,
      ),
      via,
      parameters,
      task: principal.task,
    },
  };
}

function outcomeFacts(body: OutcomeBody): Facts {
  const { request, session, result, code, rows, affectedRows, maskedCells, bytes, durationMs } = body;
  const good = result === 'ok' || result === 'sent';
  return {
    activity: ACTIVITY.query,
    severity: good ? SEVERITY.informational : SEVERITY.low,
    correlation: request,
    fields: {
      ...outcomeFields(good, result, code),
      ...decisionFields(result !== 'denied'),
      actor: { session: { uid: session } },
      duration: Math.round(durationMs),
      query_info: { uid: request, bytes },
    },
    unmapped: { rows, affectedRows, maskedCells },
  };
}

function outcomeFields(good: boolean, status: string, detail: string | undefined): Fields {
  return {
    status_id: good ? 1 : 2,
    status: good ? 'Success' : 'Failure',
    status_code: status,
    status_detail: detail,
  };
}

function decisionFields(allowed: boolean): Fields {
  return {
    action_id: allowed ? 1 : 2,
    action: allowed ? 'Allowed' : 'Denied',
    disposition_id: allowed ? 1 : 2,
    disposition: allowed ? 'Allowed' : 'Blocked',
  };
}

function sessionFields({ clientAddress, database, dialect, application }: SessionFacts): Fields {
  return {
    src_endpoint: endpoint(clientAddress, application),
    database: { name: database.name, type: dialect, type_id: 1 },
    dst_endpoint: { name: database.name, svc_name: dialect },
  };
}

/** `10.0.0.1:5000` or `[::1]:5000`. */
function endpoint(address: string, application: string | undefined): Fields {
  const match = /^\[?(.*?)\]?:(\d+)$/.exec(address);
  const place = match === null ? { ip: address } : { ip: match[1], port: Number(match[2]) };
  return application === undefined ? place : { ...place, svc_name: application };
}

const USER_TYPES: ReadonlyMap<string, number> = new Map([
  ['human', 1],
  ['service', 4],
  ['agent', 3],
]);

function actor(principal: Principal | undefined, claimed: string | undefined, session: string): Fields {
  if (principal === undefined) return { user: { name: claimed }, session: { uid: session } };
  const { name, kind, groups, actingFor } = principal;
  const user = {
    name,
    type: kind,
    type_id: USER_TYPES.get(kind) ?? 99,
    groups: groups.map((group) => ({ name: group })),
  };
  const invoked: Record<string, JsonValue> =
    actingFor === undefined ? {} : { invoked_by: formatWho(actingFor) };
  return { user, session: { uid: session }, ...invoked };
}

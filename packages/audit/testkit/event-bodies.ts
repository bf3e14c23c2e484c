/** Bodies of events as sessions write them, for tests. */
import {
  type Decision,
  type IntentBody,
  known,
  type LoginBody,
  NO_OBLIGATIONS,
  type OutcomeBody,
  type Principal,
  type SessionFacts,
  type Statement,
} from '@gatehouse/model';

export const ADA: Principal = { kind: 'human', name: 'ada', groups: [], claims: {} };
export const BOT: Principal = { kind: 'agent', name: 'bot', groups: [], claims: {}, actingFor: ADA };

export function session(id = 's1'): SessionFacts {
  const database = { name: 'shop', labels: {} };
  return { id, dialect: 'line', database, clientAddress: '10.0.0.1:5000', application: 'shell', tls: true };
}

export function statement(
  verb: string,
  path: readonly string[],
  action: 'read' | 'delete' = 'read',
): Statement {
  return {
    verb,
    accesses: known([{ action, object: known({ kind: 'relation', path }), fields: known([]) }]),
    bounded: known(true),
    limit: known(null),
    functions: known([]),
    output: known([]),
    irreversible: false,
    fingerprint: '0123456789abcdef',
  };
}

export const PERMIT: Decision = {
  effect: 'permit',
  reason: {
    code: 'permitted',
    text: 'permitted',
    rule: { policy: 'base', rule: 'readers', at: 'base.yaml:3' },
  },
  obligations: NO_OBLIGATIONS,
  alerts: [],
  observed: [],
  policyRevision: 'r1',
};

export const DENY: Decision = {
  ...PERMIT,
  effect: 'deny',
  reason: {
    code: 'denied-by-rule',
    text: 'deletes need a filter',
    rule: { policy: 'guardrails', rule: 'no-bare-delete' },
    hint: 'add a filter',
  },
};

export function login(principal: Principal = ADA, id = 's1'): LoginBody {
  return {
    kind: 'login',
    session: session(id),
    result: 'accepted',
    claimedName: principal.name,
    principal,
    method: 'token',
  };
}

export function intent(request: string, changes: Partial<IntentBody> = {}): IntentBody {
  return {
    kind: 'intent',
    request,
    session: session(),
    principal: ADA,
    statements: [statement('select', ['public', 'customers'])],
    decision: PERMIT,
    via: 'simple',
    text: 'select * from customers where id = 7',
    ...changes,
  };
}

export function outcome(request: string, changes: Partial<OutcomeBody> = {}): OutcomeBody {
  return {
    kind: 'outcome',
    request,
    session: 's1',
    result: 'ok',
    rows: 1,
    affectedRows: 0,
    maskedCells: 0,
    bytes: 100,
    durationMs: 3,
    ...changes,
  };
}

/** Events as a gateway under a steady load of small statements writes them. */
import {
  type AuditBody,
  type Decision,
  type IntentBody,
  known,
  NO_OBLIGATIONS,
  type Statement,
} from '@gatehouse/model';

const SESSION: IntentBody['session'] = Object.freeze({
  id: 'bench-4f2a91c07be1',
  dialect: 'postgres',
  database: Object.freeze({ name: 'shop', labels: {} }),
  clientAddress: '10.0.0.1:50000',
  application: 'psql',
  tls: true,
});
const PRINCIPAL: IntentBody['principal'] = Object.freeze({
  kind: 'human',
  name: 'ana',
  groups: ['analysts'],
  claims: {},
});
const DECISION: Decision = Object.freeze<Decision>({
  effect: 'permit',
  reason: {
    code: 'permitted',
    text: 'analysts may read',
    rule: { policy: 'shop', rule: 'analysts-read', at: 'shop.yaml:12' },
  },
  obligations: NO_OBLIGATIONS,
  alerts: [],
  observed: [],
  policyRevision: 'b5768ae0c2a1',
});
const STATEMENT: Statement = Object.freeze<Statement>({
  verb: 'select',
  accesses: known([
    {
      action: 'read',
      object: known({ kind: 'relation', path: ['shop', 'public', 'customers'] }),
      fields: known([
        { field: 'id', use: 'output' },
        { field: 'full_name', use: 'output' },
        { field: 'id', use: 'filter' },
      ]),
    },
  ]),
  bounded: known(true),
  limit: known(null),
  functions: known([]),
  output: known([]),
  irreversible: false,
  fingerprint: '0123456789abcdef',
});

export function intentBody(number: number): AuditBody {
  return {
    kind: 'intent',
    request: `${SESSION.id}-${number}`,
    session: SESSION,
    principal: PRINCIPAL,
    statements: [STATEMENT],
    decision: DECISION,
    via: 'execute',
    text: 'select id, full_name from customers where id = $1',
    parameters: ['hmac-sha256:0123456789abcdef0123456789abcdef'],
  };
}

export function outcomeBody(number: number): AuditBody {
  return {
    kind: 'outcome',
    request: `${SESSION.id}-${number}`,
    session: SESSION.id,
    result: 'ok',
    rows: 1,
    affectedRows: 0,
    maskedCells: 0,
    bytes: 40,
    durationMs: 0.4,
  };
}

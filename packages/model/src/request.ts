import type { Principal } from './principal.ts';
import type { Statement } from './statement.ts';

/** The database as the configuration names it, not the server behind it. */
export interface DatabaseFacts {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** What is true for the whole session. */
export interface SessionFacts {
  readonly id: string;
  readonly dialect: string;
  readonly database: DatabaseFacts;
  readonly clientAddress: string;
  readonly application?: string;
  readonly tls: boolean;
}

/** One or more statements, decided together or not at all. It is the audit record, the policy test case and the replay input. */
export interface AccessRequest {
  readonly principal: Principal;
  readonly session: SessionFacts;
  readonly statements: readonly Statement[];
}

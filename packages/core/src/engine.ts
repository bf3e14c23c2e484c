/**
 * The policy engine: one decision per request, synchronous, deterministic, never thrown.
 *
 * A verdict is a pure function of the request's facts and the policy, so it is kept; what depends on grants is
 * joined to it anew for every request. Profiles (everything about principal and session that rules can see) are
 * found by the identity of the two objects and shared between sessions that are alike; verdicts hang on the identity
 * of the immutable statement. Both are bounded; statements take their verdicts with them when they go.
 */
import {
  type AccessRequest,
  type Decision,
  NO_OBLIGATIONS,
  type Principal,
  type Reason,
  type RuleRef,
  type SessionFacts,
  type Statement,
} from '@gatehouse/model';
import { type Approval, combineVerdicts, decideVerdicts, type StatementVerdict } from './combine-verdicts.ts';
import type { LabelledColumn } from './comment-labels.ts';
import { finding } from './finding.ts';
import { judgeStatement } from './judge-statement.ts';
import type { PolicySet } from './policy-set.ts';
import {
  type ColumnLabels,
  compileProgram,
  createSubject,
  noColumnLabels,
  type Program,
  type Subject,
} from './subject.ts';

export interface Engine {
  readonly revision: string;
  readonly set: PolicySet;
  readonly columnLabels: ColumnLabels;
  /** The verdict on one request. Never throws; a fault inside is a denial. */
  decide(request: AccessRequest): Decision;
}

/** Approvals and grants in force. Asked anew for every request, so that one that is bound to a session, used up or revoked counts at once. */
export interface Grants {
  covers(rule: RuleRef, request: AccessRequest): boolean;
}

export interface EngineOptions {
  /** Names the documents; stands in every decision. */
  readonly revision: string;
  /** Without it an `approve` rule always holds the statement. */
  readonly grants?: Grants;
  /** Labels from the comments of a database; they add to those of the classifications. */
  readonly columnLabels?: ColumnLabels;
}

const MAX_PROFILES = 2_048;
const MAX_PROFILES_PER_STATEMENT = 64;
const MAX_CHAIN = 8;

/** A statement that stands for "nothing is run": a request without statements is decided as one that touches nothing. */
const NOTHING_TO_RUN: Statement = {
  verb: 'nothing',
  accesses: { known: true, value: [] },
  bounded: { known: true, value: true },
  limit: { known: true, value: null },
  functions: { known: true, value: [] },
  output: { known: true, value: [] },
  irreversible: false,
  fingerprint: '',
};

/** Compiles the set and returns the engine. Throws only for a set that `loadPolicies` did not make. */
export function createEngine(set: PolicySet, options: EngineOptions): Engine {
  const columnLabels = options.columnLabels ?? noColumnLabels;
  const program = compileProgram(set, columnLabels);
  const cache = new DecisionCache(program, options, columnLabels);
  return {
    revision: options.revision,
    set,
    columnLabels,
    decide(request) {
      try {
        return cache.decide(request);
      } catch {
        return failed(options.revision);
      }
    },
  };
}

function failed(policyRevision: string): Decision {
  const reason = finding('rule-failed', 'the request could not be decided');
  return { effect: 'deny', reason, obligations: NO_OBLIGATIONS, alerts: [], observed: [], policyRevision };
}

/** Everything of a request but its statements, prepared. */
interface Profile {
  readonly subjects: readonly Subject[];
  readonly refusal: Reason | undefined;
}

/** A profile, and the database's own labels that it was made with. */
interface KeptProfile {
  readonly profile: Profile;
  readonly columns: readonly LabelledColumn[];
}

/** The subjects of a request: the principal, then everybody it acts for. */
export function createProfile(program: Program, principal: Principal, session: SessionFacts): Profile {
  const subjects: Subject[] = [];
  for (let next: Principal | undefined = principal; next !== undefined; next = next.actingFor) {
    if (subjects.length === MAX_CHAIN) {
      return {
        subjects: [],
        refusal: finding('not-understood', `more than ${MAX_CHAIN} principals act for each other`),
      };
    }
    subjects.push(
      createSubject(program, next, session, next.purpose ?? principal.purpose, next !== principal),
    );
  }
  return { subjects, refusal: undefined };
}

/** The verdict of every subject on one statement. */
function judgeForAll(profile: Profile, statement: Statement): StatementVerdict {
  return combineVerdicts(profile.subjects.map((subject) => judgeStatement(subject, statement)));
}

interface Judged {
  readonly verdict: StatementVerdict;
  /** The decision on a request of this statement alone; absent when it depends on grants. */
  readonly decision: Decision | undefined;
}

class DecisionCache {
  readonly #program: Program;
  readonly #options: EngineOptions;
  readonly #columnLabels: ColumnLabels;
  #profiles = new Map<string, KeptProfile>();
  readonly #bySession = new WeakMap<Principal, WeakMap<SessionFacts, KeptProfile>>();
  readonly #byStatement = new WeakMap<Statement, Map<Profile, Judged>>();

  constructor(program: Program, options: EngineOptions, columnLabels: ColumnLabels) {
    this.#program = program;
    this.#options = options;
    this.#columnLabels = columnLabels;
  }

  decide(request: AccessRequest): Decision {
    const profile = this.#profile(request);
    if (profile.refusal !== undefined) return { ...failed(this.#options.revision), reason: profile.refusal };
    if (request.statements.length === 1)
      return this.#decideOne(this.#judge(profile, request.statements[0]!), request);
    const statements = request.statements.length === 0 ? [NOTHING_TO_RUN] : request.statements;
    const verdicts = statements.map((statement) => this.#judge(profile, statement).verdict);
    return decideVerdicts(verdicts, this.#approval(request), this.#options.revision);
  }

  #profile({ principal, session }: AccessRequest): Profile {
    let sessions = this.#bySession.get(principal);
    if (sessions === undefined) {
      sessions = new WeakMap();
      this.#bySession.set(principal, sessions);
    }
    const columns = this.#columnLabels(session.database.name);
    const kept = sessions.get(session);
    // SECURITY: verdicts hang on the profile, so a label that a comment has added counts for statements seen before.
    if (kept?.columns === columns) return kept.profile;
    const profile = this.#sharedProfile(principal, session, columns);
    sessions.set(session, { profile, columns });
    return profile;
  }

  #sharedProfile(principal: Principal, session: SessionFacts, columns: readonly LabelledColumn[]): Profile {
    const { dialect, database, tls, clientAddress, application } = session;
    const client = this.#program.readsClient ? [clientAddress, application ?? null] : [];
    const key = JSON.stringify([principal, dialect, database.name, database.labels, tls, client]);
    const kept = this.#profiles.get(key);
    if (kept?.columns === columns) return kept.profile;
    if (this.#profiles.size >= MAX_PROFILES) this.#profiles = new Map();
    const profile = createProfile(this.#program, principal, session);
    this.#profiles.set(key, { profile, columns });
    return profile;
  }

  #decideOne({ verdict, decision }: Judged, request: AccessRequest): Decision {
    return decision ?? decideVerdicts([verdict], this.#approval(request), this.#options.revision);
  }

  #judge(profile: Profile, statement: Statement): Judged {
    let verdicts = this.#byStatement.get(statement);
    if (verdicts === undefined) {
      verdicts = new Map();
      this.#byStatement.set(statement, verdicts);
    }
    const found = verdicts.get(profile);
    if (found !== undefined) return found;
    const verdict = judgeForAll(profile, statement);
    const settled = verdict.approvals.length === 0;
    const decision = settled ? decideVerdicts([verdict], () => false, this.#options.revision) : undefined;
    const judged = { verdict, decision };
    if (verdicts.size >= MAX_PROFILES_PER_STATEMENT) verdicts.clear();
    verdicts.set(profile, judged);
    return judged;
  }

  #approval(request: AccessRequest): Approval {
    const { grants } = this.#options;
    return (rule) => grants?.covers(rule, request) === true;
  }
}

import type { CatalogHolder } from '@gatehouse/adapter';
import { type Known, known, unknown } from '@gatehouse/model';
import {
  type AnalyzedStatement,
  createPostgresContext,
  type PostgresCatalog,
  type PostgresContext,
  parseSearchPath,
  type SessionEffect,
} from '@gatehouse/sql';
import type { SessionState } from '../session-state.ts';
import type { RunStatement } from './prepared.ts';
import { TransactionalValue } from './transactional-value.ts';

/**
 * What names mean in this session now: search path, user, temporary and new objects, catalog.
 *
 * Follows statements that have succeeded, ends of transactions, and the server's own reports, which are the last
 * word where there are any (`search_path` from Postgres 18 on). What is not sure is unknown.
 *
 * INVARIANT: nothing is analyzed while a statement that changes any of this is still running (see `changesContext`).
 */
export class SessionContext {
  readonly #holder: CatalogHolder<PostgresCatalog>;
  readonly #state: SessionState;
  readonly #path: TransactionalValue<readonly string[]>;
  readonly #user: TransactionalValue<string>;
  #context: PostgresContext;
  #mayHaveMade = false;
  /** Counts schema changes, so that a catalog read before the last one does not end the uncertainty. */
  #changes = 0;

  constructor(holder: CatalogHolder<PostgresCatalog>, state: SessionState) {
    this.#holder = holder;
    this.#state = state;
    const context = createPostgresContext(holder.current(), {
      database: state.upstreamDatabase,
      user: state.upstreamUser,
    });
    this.#path = new TransactionalValue(this.#initialPath(context.catalog));
    this.#user = new TransactionalValue(known(state.upstreamUser));
    this.#context = { ...context, searchPath: this.#path.now };
  }

  /** For the next text; one object as long as nothing has changed. */
  current(): PostgresContext {
    const catalog = this.#holder.current();
    if (catalog !== this.#context.catalog) {
      const isFirst = this.#context.catalog === null;
      this.#context = { ...this.#context, catalog };
      if (isFirst && !this.#path.isChanged) {
        this.#path.establish(this.#initialPath(catalog));
        this.#refresh();
      }
    }
    return this.#context;
  }

  /** The open transaction may have made objects that no catalog can show yet. */
  get mayHaveMade(): boolean {
    return this.#mayHaveMade;
  }

  /** What names mean was changed in a transaction that has not ended: an error that is on its way takes it back. */
  get mayBeTakenBack(): boolean {
    return this.#path.isChanged || this.#user.isChanged;
  }

  /** Nobody waits any longer for what becomes of the change: from now on it is unknown. */
  doubt(): void {
    this.#path.set(unknown('it may have been taken back'), true);
    this.#user.set(unknown('it may have been taken back'), true);
    this.#refresh();
  }

  /** Whether running this changes what names mean, now or when its transaction ends. */
  changesContext({ analyzed, effects }: RunStatement): boolean {
    if (!analyzed.facts.accesses.known) return true;
    return effects.some((effect) => {
      if (effect.kind === 'set') return isFollowed(effect.name);
      if (effect.kind === 'reset') return effect.name === null || isFollowed(effect.name);
      if (effect.kind === 'transaction')
        return !HARMLESS_OPERATIONS.has(effect.operation) && this.#isChanged();
      return effect.kind === 'discard-all' || effect.kind === 'schema-change';
    });
  }

  /** A statement has succeeded: what it changed for the ones behind it. */
  succeeded({ analyzed, effects }: RunStatement): void {
    const { accesses } = analyzed.facts;
    if (!accesses.known || accesses.value.some(({ action }) => action === 'call')) this.#mayHaveMade = true;
    if (effects.length === 0) return;
    for (const effect of effects) this.#apply(effect, analyzed);
    this.#refresh();
  }

  /** The server reports a setting. */
  reported(name: string, value: string): void {
    this.#state.parameterStatus.set(name, value);
    if (name === 'session_authorization') this.#user.set(known(value), false);
    this.#refresh();
  }

  /** ReadyForQuery: a transaction is open, has failed, or none is. `rolledBack`: the one that was open is undone. */
  ready(status: 'I' | 'T' | 'E', rolledBack: boolean): void {
    const isChanged = this.#isChanged();
    if (status === 'I' && isChanged) this.#ended(rolledBack);
    if (!isChanged && !this.#reportDiffers()) return;
    // INVARIANT: settings that are reported are reported before ReadyForQuery.
    const path = this.#state.parameterStatus.get('search_path');
    if (path !== undefined && status === 'I') this.#path.establish(pathOf(known(path)));
    else if (path !== undefined) this.#path.set(pathOf(known(path)), true);
    this.#refresh();
  }

  #reportDiffers(): boolean {
    const path = this.#state.parameterStatus.get('search_path');
    if (path === undefined) return false;
    const { now } = this.#path;
    // Asked after every statement, and the answer is nearly always that of the one before.
    if (path === this.#comparedReport && now === this.#comparedPath) return this.#differed;
    this.#comparedReport = path;
    this.#comparedPath = now;
    this.#differed = JSON.stringify(pathOf(known(path))) !== JSON.stringify(now);
    return this.#differed;
  }

  #comparedReport: string | null = null;
  #comparedPath: Known<readonly string[]> | null = null;
  #differed = false;

  #isChanged(): boolean {
    const { createdTables, namesUncertain } = this.#context;
    return (
      this.#path.isChanged ||
      this.#user.isChanged ||
      this.#mayHaveMade ||
      namesUncertain ||
      createdTables.length > 0
    );
  }

  #ended(rolledBack: boolean): void {
    if (rolledBack) {
      this.#path.rolledBack();
      this.#user.rolledBack();
    } else {
      this.#path.committed();
      this.#user.committed();
    }
    this.#mayHaveMade = false;
    if (this.#context.createdTables.length > 0) this.#context = { ...this.#context, createdTables: [] };
    if (this.#context.namesUncertain) this.#readAgain();
  }

  /** Names are certain again when a catalog was read after the transaction has ended. */
  #readAgain(): void {
    const changes = this.#changes;
    this.#holder.refresh().then(
      () => {
        if (changes === this.#changes) this.#context = { ...this.#context, namesUncertain: false };
      },
      // Without a new catalog they stay uncertain.
      () => undefined,
    );
  }

  #apply(effect: SessionEffect, analyzed: AnalyzedStatement): void {
    switch (effect.kind) {
      case 'set':
        if (effect.name === 'search_path') this.#path.set(pathOf(effect.value), effect.local);
        if (USER_SETTINGS.has(effect.name)) this.#user.set(this.#userOf(effect.value), effect.local);
        return;
      case 'reset':
        if (effect.name === null || effect.name === 'search_path') this.#resetPath();
        if (effect.name === null || USER_SETTINGS.has(effect.name))
          this.#user.set(known(this.#state.upstreamUser), false);
        return;
      case 'discard-all':
        this.#resetPath();
        this.#user.set(known(this.#state.upstreamUser), false);
        this.#context = { ...this.#context, temporaryObjects: known([]) };
        return;
      case 'schema-change':
        this.#created(effect.temporary, analyzed.facts);
        return;
      case 'transaction':
        this.#transaction(effect.operation);
        return;
      default:
    }
  }

  #transaction(operation: Extract<SessionEffect, { kind: 'transaction' }>['operation']): void {
    if (operation === 'commit') {
      this.#path.committed();
      this.#user.committed();
    } else if (operation === 'rollback') {
      this.#path.rolledBack();
      this.#user.rolledBack();
    } else if (!HARMLESS_OPERATIONS.has(operation)) {
      this.#path.rolledBackTo();
      this.#user.rolledBackTo();
    }
  }

  #resetPath(): void {
    // The session's own default is what it had when it began.
    this.#path.set(this.#initialPath(this.#context.catalog), false);
  }

  /** `none` and `default` go back to the login's own user. */
  #userOf(value: Known<string>): Known<string> {
    return value.known && OWN_USER.has(value.value.toLowerCase()) ? known(this.#state.upstreamUser) : value;
  }

  #created(temporary: boolean, facts: AnalyzedStatement['facts']): void {
    this.#changes += 1;
    const relations = definedRelations(facts);
    if (temporary) this.#madeTemporary(relations, facts.verb);
    const isTable = facts.verb === 'create table' || facts.verb === 'select into';
    if (!isTable || relations?.length !== 1) this.#context = { ...this.#context, namesUncertain: true };
    else if (!temporary)
      this.#context = { ...this.#context, createdTables: [...this.#context.createdTables, relations[0]!] };
  }

  /** No catalog shows them, and they hide others of the same name; one too many in the list hides nothing. */
  #madeTemporary(relations: readonly (readonly [string, string])[] | null, verb: string): void {
    if (verb.startsWith('discard') || verb.startsWith('drop')) return;
    const before = this.#context.temporaryObjects;
    const temporaryObjects =
      relations === null || !before.known
        ? unknown('temporary objects were made in a way that is not followed')
        : known([...before.value, ...relations.map(([, name]) => name)]);
    this.#context = { ...this.#context, temporaryObjects };
  }

  /** As the server reported it at the login, or the database's default when the client gave none. */
  #initialPath(catalog: PostgresCatalog | null): Known<readonly string[]> {
    const { initialSearchPath, startup } = this.#state;
    if (initialSearchPath !== null) return pathOf(known(initialSearchPath));
    const given = startup.get('search_path');
    if (given !== undefined) return pathOf(known(given));
    if (startup.has('options')) return unknown('it may have been set by start-up options');
    return catalog === null ? unknown('no catalog has been loaded') : known(catalog.defaultSearchPath);
  }

  #refresh(): void {
    const searchPath = this.#path.now;
    const user = this.#user.now;
    if (this.#context.searchPath === searchPath && this.#context.user === user) return;
    this.#context = { ...this.#context, searchPath, user };
  }
}

/** Schema and name of everything that is defined; null when that is not known. */
function definedRelations({
  accesses,
}: AnalyzedStatement['facts']): readonly (readonly [string, string])[] | null {
  if (!accesses.known) return null;
  const defined = accesses.value.filter(({ action }) => action === 'define');
  if (defined.length === 0 || defined.some(({ object }) => !object.known)) return null;
  return defined.flatMap(({ object }) =>
    object.known ? [[object.value.path[0] ?? '', object.value.path[1] ?? ''] as const] : [],
  );
}

function pathOf(value: Known<string>): Known<readonly string[]> {
  if (!value.known) return value;
  const entries = parseSearchPath(value.value);
  return entries === null ? unknown('it could not be read') : known(entries);
}

function isFollowed(name: string): boolean {
  return name === 'search_path' || USER_SETTINGS.has(name);
}

const USER_SETTINGS = new Set(['role', 'session_authorization']);
const OWN_USER = new Set(['none', 'default']);
const HARMLESS_OPERATIONS: ReadonlySet<string> = new Set(['begin', 'savepoint', 'release']);

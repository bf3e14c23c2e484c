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

/**
 * What names mean in this session now: search path, user, temporary objects, catalog.
 *
 * Follows statements that succeeded and the server's own reports. When a transaction is rolled back,
 * everything is as it was at its start; when that is not sure, it is unknown until the server reports it.
 */
export class SessionContext {
  readonly #holder: CatalogHolder<PostgresCatalog>;
  readonly #state: SessionState;
  #context: PostgresContext;
  /** As it was when the open transaction began. */
  #atBegin: PostgresContext | null = null;
  #localSettings = false;

  constructor(holder: CatalogHolder<PostgresCatalog>, state: SessionState) {
    this.#holder = holder;
    this.#state = state;
    const context = createPostgresContext(holder.current(), {
      database: state.upstreamDatabase,
      user: state.upstreamUser,
    });
    this.#context = { ...context, searchPath: this.#initialPath(context) };
  }

  /** For the next text; one object as long as nothing has changed. */
  current(): PostgresContext {
    const catalog = this.#holder.current();
    if (catalog !== this.#context.catalog) {
      const wasUnknown =
        this.#context.catalog === null && catalog !== null && !this.#context.searchPath.known;
      this.#context = { ...this.#context, catalog };
      if (wasUnknown) this.#context = { ...this.#context, searchPath: this.#initialPath(this.#context) };
    }
    return this.#context;
  }

  /** A statement has succeeded: what it changed for the ones behind it. */
  succeeded(statement: AnalyzedStatement): void {
    for (const effect of statement.effects) this.#apply(effect, statement);
  }

  /** The server reports a setting. */
  reported(name: string, value: string): void {
    if (name === 'search_path') this.#set({ searchPath: pathOf(known(value)) });
    if (name === 'session_authorization' && value !== this.#state.upstreamUser)
      this.#set({ user: known(value) });
  }

  /** ReadyForQuery: a transaction is open, has failed, or none is. `failed`: the last thing before it was an error. */
  ready(status: 'I' | 'T' | 'E', rolledBack: boolean): void {
    if (status !== 'I') {
      this.#atBegin ??= this.#context;
      return;
    }
    const begin = this.#atBegin;
    this.#atBegin = null;
    if (rolledBack && begin !== null) this.#context = { ...begin, catalog: this.#context.catalog };
    else if (this.#localSettings)
      this.#set({ searchPath: begin?.searchPath ?? unknown('it was set for one transaction') });
    if (this.#context.createdTables.length > 0) this.#set({ createdTables: [] });
    this.#localSettings = false;
  }

  #apply(effect: SessionEffect, { facts }: AnalyzedStatement): void {
    switch (effect.kind) {
      case 'set':
        this.#setting(effect);
        return;
      case 'reset':
        if (effect.name === null || effect.name === 'search_path')
          this.#set({ searchPath: this.#initialPath(this.#context) });
        if (effect.name === null || USER_SETTINGS.has(effect.name))
          this.#set({ user: known(this.#state.upstreamUser) });
        return;
      case 'discard-all':
        this.#set({
          searchPath: this.#initialPath(this.#context),
          user: known(this.#state.upstreamUser),
          temporaryObjects: known([]),
        });
        return;
      case 'schema-change':
        this.#created(effect.temporary, facts);
        return;
      case 'transaction':
        if (effect.operation === 'rollback-to')
          this.#set({ searchPath: unknown('it may have been set since the savepoint') });
        return;
      default:
    }
  }

  #setting({ name, value, local }: Extract<SessionEffect, { kind: 'set' }>): void {
    if (name === 'search_path') {
      this.#set({ searchPath: pathOf(value) });
      this.#localSettings ||= local;
    }
    if (USER_SETTINGS.has(name)) {
      // `none` and `default` go back to the login's own user.
      const own = value.known && OWN_USER.has(value.value.toLowerCase());
      this.#set({ user: own ? known(this.#state.upstreamUser) : value });
    }
  }

  #created(temporary: boolean, facts: AnalyzedStatement['facts']): void {
    const defined = facts.accesses.known
      ? facts.accesses.value.filter(({ action }) => action === 'define')
      : [];
    for (const { object } of defined) {
      if (!object.known || object.value.kind !== 'relation' || !facts.verb.startsWith('create')) continue;
      const [schema = '', name = ''] = object.value.path;
      const { temporaryObjects, createdTables } = this.#context;
      if (temporary && temporaryObjects.known)
        this.#set({ temporaryObjects: known([...temporaryObjects.value, name]) });
      else if (!temporary && this.#state.transaction !== 'I')
        this.#set({ createdTables: [...createdTables, [schema, name] as const] });
    }
    if (temporary && defined.length === 0)
      this.#set({ temporaryObjects: unknown('temporary objects were made in a way that was not seen') });
  }

  /** As the server reported it, or the database's default when the client gave none at its login. */
  #initialPath(context: PostgresContext): Known<readonly string[]> {
    const reported = this.#state.parameterStatus.get('search_path');
    if (reported !== undefined) return pathOf(known(reported));
    const given = this.#state.startup.get('search_path');
    if (given !== undefined) return pathOf(known(given));
    if (this.#state.startup.get('options')?.includes('search') === true)
      return unknown('it was set by start-up options');
    return context.catalog === null
      ? unknown('no catalog has been loaded')
      : known(context.catalog.defaultSearchPath);
  }

  #set(change: Partial<PostgresContext>): void {
    this.#context = { ...this.#context, ...change };
  }
}

function pathOf(value: Known<string>): Known<readonly string[]> {
  if (!value.known) return value;
  const entries = parseSearchPath(value.value);
  return entries === null ? unknown('it could not be read') : known(entries);
}

const USER_SETTINGS = new Set(['role', 'session_authorization']);
const OWN_USER = new Set(['none', 'default']);

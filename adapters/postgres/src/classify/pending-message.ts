import type { PendingRequest, Verdict } from '@gatehouse/adapter';
import { GatewayError, type RecordedParameter, type Statement, unknown } from '@gatehouse/model';
import { isPinnedSetting, type Refusal } from '@gatehouse/sql';
import type { Frame } from '@gatehouse/wire';
import type { Bind } from '../messages/bind.ts';
import type { NameChange } from './name-table.ts';
import type { Portal, RunStatement } from './prepared.ts';

/** A message on its way to a decision. */
export interface PendingMessage extends PendingRequest {
  readonly kind: 'query' | 'parse' | 'bind' | 'execute' | 'function';
  readonly frame: Frame;
  readonly run: readonly RunStatement[];
  readonly portal: Portal | null;
  /** Refused whatever the policy says: what the text is cannot be read, or must not be done here. */
  readonly refusal: GatewayError | null;
  /** Opens the changes of names that the message asks for, by statement; called when it is permitted. Null: too many names. */
  open(): readonly (readonly NameChange[])[] | null;
}

export interface RequestParts {
  readonly kind: PendingMessage['kind'];
  readonly frame: Frame;
  readonly via: string;
  readonly run?: readonly RunStatement[];
  /** Instead of those of `run`. */
  readonly facts?: readonly Statement[];
  readonly phase?: 'prepare';
  readonly text?: string;
  readonly portal?: Portal;
  readonly refusal?: GatewayError | null;
  readonly open?: PendingMessage['open'];
}

export function requestOf(parts: RequestParts): Verdict {
  const { text, portal = null, run = [] } = parts;
  const pending: PendingMessage = {
    kind: parts.kind,
    frame: parts.frame,
    statements: parts.facts ?? run.map(({ analyzed }) => analyzed.facts),
    run,
    via: parts.via,
    phase: parts.phase ?? 'run',
    portal,
    refusal: parts.refusal ?? pinnedRefusal(run),
    open: parts.open ?? (() => NO_CHANGES),
    text: () => text,
    parameters: () => (portal?.bind == null ? undefined : recordedParameters(portal.bind)),
  };
  return { kind: 'request', pending };
}

const NO_CHANGES: readonly (readonly NameChange[])[] = [];

/** A text that cannot be read; for a syntax error the server is asked for its own words. */
export function refusedText(parts: RequestParts, { code, message }: Refusal): Verdict {
  const refusal = new GatewayError(code === 'too-large' ? 'limit' : 'unsupported', code, message);
  return requestOf({ ...parts, facts: [unknownFacts('unreadable', message)], refusal });
}

export function notUtf8(parts: RequestParts): Verdict {
  return refusedText(parts, {
    kind: 'refused',
    code: 'not-utf8',
    message: 'the statement is not valid UTF-8',
  });
}

/** A name that is not in the tables of this session. */
export function unknownName(parts: RequestParts, what: 'prepared-statement' | 'portal'): Verdict {
  const message = `no such ${what.replace('-', ' ')} in this session`;
  const refusal = new GatewayError('protocol', `unknown-${what}`, message);
  return requestOf({ ...parts, facts: [unknownFacts(parts.kind, message)], refusal });
}

export function unknownFacts(verb: string, reason: string): Statement {
  return {
    verb,
    accesses: unknown(reason),
    bounded: unknown(reason),
    limit: unknown(reason),
    functions: unknown(reason),
    output: unknown(reason),
    irreversible: false,
    fingerprint: 'unknown',
  };
}

/** What must not be done here whatever the policy says: settings that change how texts are read. */
function pinnedRefusal(run: readonly RunStatement[]): GatewayError | null {
  for (const { effects } of run) {
    for (const effect of effects) {
      if (effect.kind !== 'set') continue;
      const value = effect.value.known ? effect.value.value : undefined;
      if (!isPinnedSetting(effect.name, value)) continue;
      return new GatewayError(
        'unsupported',
        'pinned-setting',
        `setting \`${effect.name.slice(0, 64)}\` decides how statements are read and cannot be changed here`,
      );
    }
  }
  return null;
}

function recordedParameters({ parameters, parameterFormats }: Bind): readonly RecordedParameter[] {
  return parameters.map((value, index) => {
    if (value === null) return null;
    const format = parameterFormats.length === 1 ? parameterFormats[0] : (parameterFormats[index] ?? 0);
    return format === 0 ? value.toString('utf8') : { binary: value.toString('hex') };
  });
}

/** What a name holds on to while it lives: its text, and the parameters of a portal. */
export function textBytes(text: string, bind: Bind | null = null): number {
  return (bind?.parameters ?? []).reduce(
    (sum, value) => sum + (value?.length ?? 0),
    ENTRY_BYTES + text.length,
  );
}

const ENTRY_BYTES = 256;

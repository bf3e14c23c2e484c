import { known } from '@gatehouse/model';
import type { Document } from 'bson';
import { itemsOf, stringOf } from '../bson/value.ts';
import { type Classified, notUnderstood } from '../classify/classify-command.ts';
import { isGeneric } from '../classify/command-reader.ts';
import { FactsBuilder, objectRef } from '../classify/facts.ts';
import type { Command } from '../messages/command.ts';
import type { CursorPlan } from './open-work.ts';

/** `getMore`, `killCursors`: decided by what the cursors are, and only for cursors that are the principal's own. */
export interface CursorCommand {
  readonly classified: Classified;
  /** The cursor that a `getMore` continues; null when it is not the principal's. */
  readonly continues: { readonly id: bigint; readonly plan: CursorPlan } | null;
  /** What a `killCursors` names. */
  readonly killed: readonly bigint[];
  /** Some cursor is not the principal's: the gateway answers itself that there is none. */
  readonly isForeign: boolean;
}

/** Null for every other command. */
export function classifyCursorCommand(
  command: Command,
  find: (id: bigint) => CursorPlan | undefined,
): CursorCommand | null {
  if (command.name === 'getMore') return classifyGetMore(command, find);
  if (command.name === 'killCursors') return classifyKill(command, find);
  return null;
}

function classifyGetMore(command: Command, find: (id: bigint) => CursorPlan | undefined): CursorCommand {
  const id = command.fields.get('getMore');
  const cursorId = id?.kind === 'long' ? id.value : 0n;
  const plan = cursorId === 0n ? undefined : find(cursorId);
  const space = `${command.database}.${stringOf(command.fields.get('collection')) ?? ''}`;
  if (plan === undefined || plan.namespace !== space) {
    const classified = notUnderstood(
      'getMore',
      'a cursor that was not opened through here by this principal',
    );
    return { classified, continues: null, killed: [], isForeign: true };
  }
  const isPlain = [...command.fields.keys()].every((name) => GET_MORE.has(name) || isGeneric(name));
  const classified: Classified =
    isPlain && command.sequences.size === 0
      ? { statement: plan.statement, reply: plan.reply, changesCatalog: false, unlisted: [] }
      : notUnderstood('getMore', 'an option of `getMore`');
  return { classified, continues: { id: cursorId, plan }, killed: [], isForeign: false };
}

function classifyKill(command: Command, find: (id: bigint) => CursorPlan | undefined): CursorCommand {
  const items = itemsOf(command.fields.get('cursors')) ?? [];
  const killed = items.flatMap((item) => (item.kind === 'long' ? [item.value] : []));
  const isForeign =
    killed.length !== items.length ||
    killed.some((id) => find(id) === undefined) ||
    command.sequences.size > 0;
  const facts = new FactsBuilder();
  if (isForeign) facts.add('cancel', objectRef('session', 'killCursors'));
  else facts.add('transact', objectRef('session', 'own'));
  facts.bounded = known(true);
  const statement = facts.build('killCursors', 'killCursors');
  return {
    classified: { statement, reply: 'none', changesCatalog: false, unlisted: [] },
    continues: null,
    killed,
    isForeign,
  };
}

/** SECURITY: all clients share one user at the server, so only the gateway can tell whose a cursor is. */
export function foreignAnswer({ name }: Command, { killed }: CursorCommand): ForeignAnswer {
  if (name !== 'killCursors') return { document: CURSOR_NOT_FOUND, result: 'error', code: '43' };
  const document = {
    cursorsKilled: [],
    cursorsNotFound: [...killed],
    cursorsAlive: [],
    cursorsUnknown: [],
    ok: 1,
  };
  return { document, result: 'ok', code: undefined };
}

interface ForeignAnswer {
  readonly document: Document;
  readonly result: 'ok' | 'error';
  readonly code: string | undefined;
}

const CURSOR_NOT_FOUND: Document = {
  ok: 0,
  errmsg: 'gatehouse: no such cursor of yours',
  code: 43,
  codeName: 'CursorNotFound',
};

const GET_MORE = new Set([
  'getMore',
  'collection',
  'batchSize',
  'maxTimeMS',
  'term',
  'lastKnownCommittedOpTime',
]);

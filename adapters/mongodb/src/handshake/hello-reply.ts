import type { SessionServices } from '@gatehouse/adapter';
import type { Document, ObjectId } from 'bson';
import { isTruthy } from '../bson/value.ts';
import { MAX_MESSAGE_BYTES } from '../codec/message-codec.ts';
import type { Command } from '../messages/command.ts';

/**
 * The answer to `hello` in all its forms, without anything that would lead a driver past the gateway.
 *
 * The gateway looks like a router (`msg: 'isdbgrid'`) when the server has sessions, so that
 * transactions and retryable writes work and no driver looks for members; like a stand-alone server
 * otherwise. No `topologyVersion`: clients poll instead of waiting for a stream. No `compression`.
 */
export function helloReply(
  { serverFacts, sessionNumber }: Pick<SessionServices, 'serverFacts' | 'sessionNumber'>,
  serviceId: ObjectId,
  { name, fields }: Pick<Command, 'name' | 'fields'>,
): Document {
  const details = serverFacts?.details ?? {};
  const hasSessions = details['hasSessions'] !== false;
  return {
    ...(name === 'hello' ? { isWritablePrimary: true } : { ismaster: true }),
    helloOk: true,
    ...(hasSessions ? { msg: 'isdbgrid' } : {}),
    maxBsonObjectSize: 16 * 1024 * 1024,
    maxMessageSizeBytes: MAX_MESSAGE_BYTES,
    maxWriteBatchSize: 100_000,
    localTime: new Date(),
    ...(hasSessions ? { logicalSessionTimeoutMinutes: 30 } : {}),
    connectionId: sessionNumber,
    minWireVersion: wireVersion(details['minWireVersion'], 0),
    maxWireVersion: wireVersion(details['maxWireVersion'], FALLBACK_WIRE_VERSION),
    readOnly: false,
    // A driver that was told `loadBalanced=true` asks which service is behind the address.
    ...(isTruthy(fields.get('loadBalanced')) ? { serviceId } : {}),
    ok: 1,
  };
}

function wireVersion(value: unknown, fallback: number): number {
  return typeof value === 'number' ? Math.min(value, SUPPORTED_WIRE_VERSION) : fallback;
}

/** 8.2; nothing newer was looked at. */
const SUPPORTED_WIRE_VERSION = 27;
/** 6.0, when the server has not been reached yet. */
const FALLBACK_WIRE_VERSION = 17;

import { unknown } from '@gatehouse/model';
import { fieldsOf, isTruthy, stringOf } from '../bson/value.ts';
import type { Classify } from './command-reader.ts';
import { collectionRef, objectRef } from './facts.ts';

/** Commands about the server, its sessions and its users, and those that run code. */

export const describeCollection: Classify = (reader) => {
  const name = reader.named();
  if (name !== null) reader.facts.use('introspect', collectionRef(reader.command.database, name));
};

/** Reports what it finds wrong, with keys and documents. */
export const validate: Classify = (reader) => {
  const name = reader.named();
  if (name === null) return;
  const object = collectionRef(reader.command.database, name);
  reader.facts.use('introspect', object);
  reader.facts.use('read', object);
  reader.facts.output = unknown('what is found wrong is reported with its values');
};

export const describeNamespace: Classify = (reader) => {
  reader.facts.add('introspect', objectRef('namespace', reader.command.database));
};

export const onServer =
  (action: 'introspect' | 'read' | 'configure'): Classify =>
  (reader) => {
    reader.facts.add(action, objectRef('server', reader.command.name));
    reader.facts.irreversible = action === 'configure';
  };

export const describeUsers: Classify = (reader) => {
  reader.facts.add('introspect', objectRef('server', reader.command.name));
  // SECURITY: verifiers of passwords.
  if (isTruthy(reader.field('showCredentials'))) reader.facts.notUnderstood('credentials are asked for');
};

export const transact: Classify = (reader) => {
  reader.facts.add('transact', objectRef('session', 'own'));
};

export const cancel: Classify = (reader) => {
  reader.facts.add('cancel', objectRef('session', reader.command.name));
};

export const grant: Classify = (reader) => {
  const name = stringOf(reader.field(reader.command.name)) ?? '*';
  reader.facts.add('grant', objectRef('role', name));
  reader.facts.irreversible = true;
};

export const javascript: Classify = (reader) => {
  const { facts, command } = reader;
  facts.call(command.name);
  const name = stringOf(reader.field(command.name));
  if (command.name.toLowerCase() === 'mapreduce' && name !== null)
    facts.useUnknown('read', collectionRef(command.database, name), 'read by code');
  else facts.notUnderstood('code that may read anything');
  facts.output = unknown('computed by code');
  const out = reader.field('out');
  const fields = fieldsOf(out);
  const [target] = [out, ...['replace', 'merge', 'reduce'].map((key) => fields?.get(key))].flatMap(
    (value) => stringOf(value) ?? [],
  );
  const database = fields?.has('db') ? stringOf(fields.get('db')) : command.database;
  if (database === null) facts.notUnderstood('target that is not a name');
  else if (target !== undefined && reader.checkTarget(database, target))
    facts.use('insert', collectionRef(database, target), '*', 'write');
};

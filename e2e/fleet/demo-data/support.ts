/**
 * `support`, in MongoDB: tickets with their conversation, what happened in the product, and the agents who answer.
 *
 * Kept small: the MongoDB-compatible server that comes without root is slow.
 */
import { MongoClient } from 'mongodb';
import type { MongodbServer } from '../running-server.ts';
import { createMoment, createPerson } from './people.ts';
import { createRandom, type Random } from './random.ts';

const TICKETS = 1_500;
const EVENTS = 2_400;
const AGENTS = 40;

interface Document {
  readonly _id: number;
  readonly [field: string]: unknown;
}

/** Creates the database `support` anew and fills it; gives the documents per collection. */
export async function fillSupport(server: MongodbServer): Promise<Readonly<Record<string, number>>> {
  const client = new MongoClient(server.url);
  try {
    const database = client.db('support');
    await database.dropDatabase();
    const counts: Record<string, number> = {};
    for (const [name, documents] of Object.entries(createDocuments(createRandom(2028)))) {
      const collection = database.collection<Document>(name);
      for (let at = 0; at < documents.length; at += 500) {
        await collection.insertMany(documents.slice(at, at + 500), { ordered: false });
      }
      counts[name] = documents.length;
    }
    await database.collection('tickets').createIndex({ status: 1 });
    return counts;
  } finally {
    await client.close();
  }
}

const SUBJECTS = [
  'parcel is late',
  'wrong size',
  'cannot log in',
  'refund for my order',
  'invoice is missing',
  'broken on arrival',
] as const;
const QUESTIONS = [
  (mail: string) => `Please answer to ${mail}, thank you.`,
  (_: string, phone: string) => `You can reach me on ${phone} after six.`,
  () => 'I have been waiting for a week now.',
  () => 'The box was open when it came.',
] as const;
const ANSWERS = [
  'We are looking into it.',
  'A new parcel is on its way.',
  'The money is back in three days.',
] as const;

function createDocuments(random: Random): Readonly<Record<string, Document[]>> {
  const agents = Array.from({ length: AGENTS }, (_, index) => {
    const { fullName, email } = createPerson(random, index + 1);
    return { _id: index + 1, name: fullName, email, team: random.pick(['first line', 'returns', 'billing']) };
  });
  const tickets = Array.from({ length: TICKETS }, (_, index) => createTicket(random, index + 1, agents));
  const events = Array.from({ length: EVENTS }, (_, index) => ({
    _id: index + 1,
    type: random.pick(['login', 'password_reset', 'export', 'ticket_opened']),
    actor: { email: createPerson(random, index + 1).email, ip: `198.51.100.${random.between(1, 254)}` },
    at: createMoment(random),
    data: {
      browser: random.pick(['Firefox', 'Chrome', 'Safari']),
      ok: random.chance(0.95),
      tries: random.between(1, 4),
    },
  }));
  return { agents, tickets, events };
}

function createTicket(random: Random, id: number, agents: readonly { readonly name: string }[]): Document {
  const { fullName, email, phone } = createPerson(random, id);
  const created = createMoment(random);
  const messages = [{ from: email, body: random.pick(QUESTIONS)(email, phone), at: created }];
  for (let more = random.between(0, 2); more > 0; more--) {
    const at = new Date(created.getTime() + messages.length * 3_600_000);
    messages.push({ from: random.pick(agents).name, body: random.pick(ANSWERS), at });
  }
  return {
    _id: id,
    customer: { name: fullName, email, phone },
    subject: random.pick(SUBJECTS),
    status: random.pick(['open', 'waiting', 'closed', 'closed']),
    messages,
    created_at: created,
  };
}

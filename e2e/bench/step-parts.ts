/** What single steps of the data path cost, without a server and a network. */
import { join } from 'node:path';
import { openJournal } from '@gatehouse/audit';
import { createEngine, type Engine, loadPolicies, readPolicySources } from '@gatehouse/core';
import type { AccessRequest, AuditBody, Statement } from '@gatehouse/model';
import { SHIPPED_POLICIES } from '../stage/policies.ts';
import type { Bench } from './bench.ts';
import { ANA, openRequestFixture, type RequestFixture, sessionOf } from './request-fixture.ts';

const POINT = 'select status from orders where id = ';
const JOIN =
  'select c.full_name, c.email, o.total from customers c join orders o on o.customer_id = c.id where o.status = $1 and c.id = ';

/** Decisions with warm and cold caches, and the analysis of texts that were and were not seen before. */
export async function measureDecide({ results, report }: Bench): Promise<void> {
  report('decisions and analysis');
  const fixture = await openRequestFixture();
  const engine = shippedEngine();
  for (const [name, text] of [
    ['point select', `${POINT}$1`],
    ['masked join', `${JOIN}$2`],
  ] as const) {
    const request = fixture.requestOf(text);
    const fresh = Array.from({ length: 5_500 }, () => freshFacts(request));
    results.steps.push(
      { step: `decide, ${name}, warm`, micros: each(500_000, () => engine.decide(request)) },
      {
        step: `decide, ${name}, new session`,
        micros: each(20_000, (index) => engine.decide({ ...request, session: sessionOf(`s${index}`) })),
      },
      {
        step: `decide, ${name}, facts never seen`,
        micros: each(5_000, (index) => engine.decide(fresh[index]!)),
      },
      {
        step: `decide, ${name}, facts and principal never seen`,
        micros: each(1_000, (index) =>
          engine.decide({ ...freshFacts(request), principal: { ...ANA, task: `task ${index}` } }),
        ),
      },
    );
  }
  measureAnalysis(fixture, results);
  await fixture.analyzer.close();
}

function measureAnalysis({ analyzer, context }: RequestFixture, results: Bench['results']): void {
  for (const [name, text] of [
    ['point select', POINT],
    ['join', JOIN],
  ] as const) {
    const analyze = (value: number) => analyzer.analyze(`${text}${value}`, context);
    results.steps.push(
      { step: `analyze a Postgres ${name}, literal never seen, shape seen`, micros: each(5_000, analyze) },
      { step: `analyze a Postgres ${name}, text seen before`, micros: each(200_000, () => analyze(1)) },
    );
  }
}

/** An event in the journal's file, by how many events one turn of the event loop brings. */
export async function measureAudit({ results, processes, report }: Bench): Promise<void> {
  report('the journal');
  const fixture = await openRequestFixture();
  const request = fixture.requestOf(`${POINT}$1`);
  const { session, principal, statements } = request;
  const decision = shippedEngine().decide(request);
  await fixture.analyzer.close();
  const body = (index: number): AuditBody => ({
    kind: 'outcome',
    ...{ request: `${session.id}-${index}`, session: session.id, result: 'ok', rows: 1, affectedRows: 0 },
    ...{ maskedCells: 0, bytes: 40, durationMs: 0.4 },
  });
  const intent = (index: number): AuditBody => ({
    kind: 'intent',
    ...{
      request: `${session.id}-${index}`,
      session,
      principal,
      statements,
      via: 'execute',
      text: `${POINT}$1`,
    },
    decision,
  });
  for (const perTurn of [2, 16, 64]) {
    const dir = join(processes.folder, `journal-${perTurn}`);
    const journal = openJournal({ dir, node: 'bench', segmentBytes: 1 << 30, maxBacklogBytes: 2 ** 40 });
    const turn = (index: number): void => {
      for (let event = 0; event < perTurn; event += 2) {
        journal.append(intent(index));
        journal.append(body(index));
      }
      journal.flush();
    };
    const micros = each(40_000 / perTurn, turn) / perTurn;
    results.steps.push({ step: `journal, one event of ${perTurn} in a turn, written`, micros });
    await journal.close();
  }
}

function shippedEngine(): Engine {
  const loaded = loadPolicies(readPolicySources(SHIPPED_POLICIES));
  if (!loaded.ok) throw new Error('the shipped policies do not load');
  return createEngine(loaded.set, { revision: 'bench' });
}

/** Equal facts as objects that no cache has seen. */
function freshFacts(request: AccessRequest): AccessRequest {
  return { ...request, statements: request.statements.map((statement): Statement => ({ ...statement })) };
}

/** Mean microseconds of a call, after a tenth as many for warming up. */
function each(times: number, run: (index: number) => unknown): number {
  const warm = Math.ceil(times / 10);
  for (let index = 0; index < warm; index++) run(index);
  const started = performance.now();
  for (let index = warm; index < warm + times; index++) run(index);
  return ((performance.now() - started) * 1000) / times;
}

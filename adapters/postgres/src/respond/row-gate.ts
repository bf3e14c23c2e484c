import type { CatalogHolder, Outbox, RunningRequest } from '@gatehouse/adapter';
import { createMasker, type Masker } from '@gatehouse/masking';
import { GatewayError, type MaskerSpec } from '@gatehouse/model';
import type { PostgresCatalog } from '@gatehouse/sql';
import { type Frame, WireError } from '@gatehouse/wire';
import type { ColumnDescription } from '../messages/row-description.ts';
import { copyColumns } from './copy-columns.ts';
import { createCopyMasker } from './copy-masker.ts';
import type { ExpectedReply } from './expected-reply.ts';
import { createMaskPlan } from './mask-plan.ts';
import { RowMasker } from './mask-row.ts';

/**
 * Every row on its way to the client: counted, masked, or withheld.
 *
 * Without masks a row costs two comparisons and is passed on as received.
 */
export class RowGate {
  readonly #holder: CatalogHolder<PostgresCatalog>;
  readonly #maskingKey: Buffer;
  readonly #cut: (expected: ExpectedReply, error: GatewayError, out: Outbox) => void;
  readonly #masker = new RowMasker();
  readonly #maskers = new Map<string, Masker>();

  constructor(
    parts: { readonly holder: CatalogHolder<PostgresCatalog>; readonly maskingKey: Buffer },
    cut: (expected: ExpectedReply, error: GatewayError, out: Outbox) => void,
  ) {
    this.#holder = parts.holder;
    this.#maskingKey = parts.maskingKey;
    this.#cut = cut;
  }

  /** A DataRow, or its first piece; true when it was passed on as received. */
  row(frame: Frame, expected: ExpectedReply | null, out: Outbox): boolean {
    const running = runningOf(expected);
    if (!this.#count(frame, expected!, running, out)) return false;
    if (running.obligations.masks.length === 0) {
      out.forwardToClient(frame);
      return true;
    }
    // The columns of an Execute are those of its portal, told before.
    if (expected!.plan === null && expected!.kind === 'execute') this.plan(expected!, out, () => null);
    if (expected!.cut !== null) return false;
    if (expected!.plan === null) throw new WireError('malformed', 'row before its description');
    out.forwardToClient(this.#masker.mask(frame, expected!.plan, running));
    return false;
  }

  /** One message of a COPY to the client is one row. */
  copyData(frame: Frame, expected: ExpectedReply | null, out: Outbox): boolean {
    const running = runningOf(expected);
    if (!this.#count(frame, expected!, running, out)) return false;
    if (running.obligations.masks.length === 0) {
      out.forwardToClient(frame);
      return true;
    }
    if (expected!.copy === null) throw new WireError('malformed', 'COPY without its beginning');
    out.forwardToClient(expected!.copy.mask(frame, running));
    return false;
  }

  /** A COPY to the client begins; without a plan for it no row leaves. */
  copyOut(frame: Frame, expected: ExpectedReply, out: Outbox): void {
    if (runningOf(expected).obligations.masks.length === 0) return;
    const analyzed = expected.run[expected.at]?.analyzed;
    const columns =
      analyzed === undefined ? null : copyColumns(frame, analyzed.facts, this.#holder.current());
    if (analyzed?.copy !== undefined && columns !== null) this.plan(expected, out, () => columns);
    else this.#cut(expected, ORIGIN_UNKNOWN, out);
    if (expected.plan !== null && analyzed?.copy !== undefined)
      expected.copy = createCopyMasker(expected.plan, analyzed.copy);
  }

  /** Makes the plan for a result whose columns are known now; without one no row leaves. */
  plan(expected: ExpectedReply, out: Outbox, described: () => readonly ColumnDescription[] | null): void {
    const masks = expected.running?.obligations.masks ?? [];
    if (masks.length === 0) return;
    const columns = described() ?? expected.portal?.columns ?? null;
    const statement = expected.run[expected.at]?.analyzed.facts;
    if (columns !== null && statement !== undefined) {
      expected.plan = createMaskPlan({
        columns,
        masks,
        statement,
        catalog: this.#holder.current(),
        maskerOf: (spec) => this.#maskerOf(spec),
      });
    }
    if (expected.plan !== null) return;
    this.#cut(expected, ORIGIN_UNKNOWN, out);
  }

  /** False when the row must not leave. A portal's rows are counted over all its runs. */
  #count(frame: Frame, expected: ExpectedReply, running: RunningRequest, out: Outbox): boolean {
    if (expected.cut !== null) return false;
    const { rows: limit } = running.obligations.limits;
    const portal = expected.run[expected.at]?.portal ?? expected.portal;
    if (limit !== undefined && Math.max(running.rows, portal?.rows ?? 0) >= limit) {
      const message = `more than ${limit} rows, the limit for you here`;
      this.#cut(expected, new GatewayError('limit', 'row-limit', message), out);
      return false;
    }
    running.rows += 1;
    running.bytes += frame.totalBytes;
    if (portal !== null) portal.rows += 1;
    return true;
  }

  #maskerOf(spec: MaskerSpec): Masker {
    const name = JSON.stringify(spec);
    let masker = this.#maskers.get(name);
    if (masker === undefined) {
      masker = createMasker(spec, { key: this.#maskingKey });
      this.#maskers.set(name, masker);
    }
    return masker;
  }
}

function runningOf(expected: ExpectedReply | null): RunningRequest {
  if (
    expected === null ||
    expected.running === null ||
    (expected.kind !== 'query' && expected.kind !== 'execute')
  )
    throw new WireError('malformed', 'row without a request');
  return expected.running;
}

const ORIGIN_UNKNOWN = new GatewayError(
  'denied',
  'masked-origin-unknown',
  'a column of the result cannot be traced to where it comes from, and the statement reads masked columns',
);

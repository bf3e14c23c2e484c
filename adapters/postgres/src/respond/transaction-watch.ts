import type { Outbox } from '@gatehouse/adapter';
import type { FrontendClassifier } from '../classify/frontend-classifier.ts';
import type { RunStatement } from '../classify/prepared.ts';
import type { SessionContext } from '../classify/session-context.ts';
import type { TransactionStatus } from '../messages/server-messages.ts';
import type { SessionState } from '../session-state.ts';

/** What statements have done to the session and to the catalog, held true or given up when their transaction ends. */
export class TransactionWatch {
  readonly #state: SessionState;
  readonly #context: SessionContext;
  readonly #classifier: FrontendClassifier;
  /** An error came since the last ReadyForQuery. */
  #sawError = false;
  #objectsChanged = false;

  constructor(state: SessionState, context: SessionContext, classifier: FrontendClassifier) {
    this.#state = state;
    this.#context = context;
    this.#classifier = classifier;
  }

  failed(): void {
    this.#sawError = true;
  }

  succeeded(statement: RunStatement): void {
    this.#context.succeeded(statement);
    if (changesObjects(statement)) this.#objectsChanged = true;
  }

  /** ReadyForQuery that the client sees. */
  ready(status: TransactionStatus, out: Outbox): void {
    const rolledBack = this.#sawError || this.#state.transaction === 'E';
    this.#context.ready(status, rolledBack);
    this.#state.transaction = status;
    this.#sawError = false;
    if (status !== 'I') return;
    if (this.#objectsChanged && !rolledBack) out.catalogChanged();
    this.#objectsChanged = false;
    this.#classifier.transactionEnded();
  }
}

function changesObjects({ effects }: RunStatement): boolean {
  return effects.some((effect) => effect.kind === 'schema-change' && !effect.temporary);
}

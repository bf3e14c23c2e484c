import { type Known, unknown } from '@gatehouse/model';

/**
 * A session setting that transactions take back.
 *
 * `SET` holds after a commit and is undone by a rollback; `SET LOCAL` ends with the transaction either way.
 * After ROLLBACK TO a savepoint the value is unknown when anything has set it in this transaction.
 */
export class TransactionalValue<T> {
  #now: Known<T>;
  /** What a commit leaves. */
  #kept: Known<T>;
  /** What a rollback leaves. */
  #before: Known<T>;

  constructor(value: Known<T>) {
    this.#now = value;
    this.#kept = value;
    this.#before = value;
  }

  get now(): Known<T> {
    return this.#now;
  }

  /** Whether anything has set it since the last end of a transaction. */
  get isChanged(): boolean {
    return this.#now !== this.#before || this.#kept !== this.#before;
  }

  set(value: Known<T>, local: boolean): void {
    this.#now = value;
    if (!local) this.#kept = value;
  }

  committed(): void {
    this.#now = this.#kept;
    this.#before = this.#kept;
  }

  rolledBack(): void {
    this.#now = this.#before;
    this.#kept = this.#before;
  }

  rolledBackTo(): void {
    if (this.isChanged) this.set(unknown('it may have been set since the savepoint'), false);
  }

  /** The server itself says what it is while no transaction is open. */
  establish(value: Known<T>): void {
    this.#now = value;
    this.#kept = value;
    this.#before = value;
  }
}

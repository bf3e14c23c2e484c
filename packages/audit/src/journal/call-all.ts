import type { GatewayError } from '@gatehouse/model';

/** Told null, or why what it waited for will not come. */
export type Callback = (error: GatewayError | null) => void;

/** Calls every waiter; one that throws does not keep the others from their answer. */
export function callAll(callbacks: readonly Callback[], error: GatewayError | null): void {
  for (const callback of callbacks) {
    try {
      callback(error);
    } catch (thrown) {
      queueMicrotask(() => {
        throw thrown;
      });
    }
  }
}

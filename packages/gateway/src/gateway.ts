import { GatewayError } from '@gatehouse/model';
import { Listener, type ListenerOptions } from './listener.ts';
import type { GatewayServices } from './session/services.ts';

export interface Gateway {
  readonly listeners: readonly Listener[];
  open(): Promise<void>;
  /** Lets idle sessions go at once, the others when their statement or transaction ends, and all after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** A gateway over composed listeners and services; it starts nothing until `open`. */
export function createGateway(
  listenerOptions: readonly ListenerOptions[],
  services: GatewayServices,
): Gateway {
  const listeners = listenerOptions.map((options) => new Listener(options, services));
  let rechecking: NodeJS.Timeout | undefined;
  return {
    listeners,
    async open() {
      for (const listener of listeners) {
        await listener.open();
        services.log.info(
          { listener: listener.name, dialect: listener.adapter.dialect, port: listener.port },
          'listening',
        );
      }
      rechecking = setInterval(() => recheckAll(listeners, services), services.limits.recheckMs);
      rechecking.unref();
    },
    async close(graceMs) {
      clearInterval(rechecking);
      for (const listener of listeners) listener.stopAccepting();
      await drain(listeners, graceMs);
    },
  };
}

/** A store that cannot be read ends no session: it is logged, and asked again next time. */
function recheckAll(listeners: readonly Listener[], services: GatewayServices): void {
  for (const session of listeners.flatMap((listener) => [...listener.sessions()])) {
    session.recheck().catch((error) => services.log.error({ err: error }, 'token not rechecked'));
  }
}

async function drain(listeners: readonly Listener[], graceMs: number): Promise<void> {
  const deadline = performance.now() + graceMs;
  for (;;) {
    const late = performance.now() >= deadline;
    for (const session of listeners.flatMap((listener) => [...listener.sessions()])) {
      if (late || session.isIdle()) session.fail(SHUTDOWN, null);
    }
    if (listeners.every((listener) => listener.sessionCount === 0)) return;
    await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
  }
}

const DRAIN_POLL_MS = 25;
const SHUTDOWN = new GatewayError('shutdown', 'gateway-shutdown', 'the gateway is shutting down', {
  retry: 'safe',
});

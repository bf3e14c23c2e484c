import type { MaskerSpec } from '@gatehouse/model';
import type { FrameLimits } from '@gatehouse/wire';
import type { Ask, CatalogHolder, ColumnComment, ServerFacts } from './catalog.ts';
import type { Codec } from './codec.ts';
import type { Admission, ClientLogin, UpstreamLogin, UpstreamTarget } from './login.ts';
import type { Relay } from './relay.ts';

/**
 * What a dialect gives the gateway. An adapter has no I/O: bytes and values in, bytes and values out;
 * sockets, timers, TLS, files and the clock belong to the gateway.
 *
 * `Catalog` is the adapter's own knowledge of the objects behind it.
 */
export interface Adapter<Catalog = unknown> {
  /** `postgres`, `mysql`, … as it stands in the configuration and in requests. */
  readonly dialect: string;
  readonly capabilities: Capabilities;
  /** One per client connection. */
  createSession(services: SessionServices): DialectSession<Catalog>;
  /**
   * Reads the catalog by asking questions; may ask several. Throws what `ask` throws. What takes more than some
   * milliseconds is done in pieces with a `pause` between, in which the sessions have their turn.
   */
  loadCatalog(ask: Ask, pause: () => Promise<void>): Promise<Catalog>;
  readServerFacts(ask: Ask): Promise<ServerFacts>;
  /**
   * Reads the comments on columns that hold the word `gatehouse:`, in any case: labels stand in them. Absent where a
   * dialect has no comments. Throws what `ask` throws.
   */
  loadColumnComments?(ask: Ask): Promise<readonly ColumnComment[]>;
  /** How well the answers that the dialect keeps about statements serve. Absent where it keeps none. */
  analysisCounters?(): AnalysisCounters;
}

/** Answers about statements since the adapter was made, and what is kept of them. */
export interface AnalysisCounters {
  /** Found by the exact text. */
  readonly textHits: number;
  /** Found by the text without its literals. */
  readonly shapeHits: number;
  /** Analyzed anew. */
  readonly misses: number;
  readonly textBytes: number;
  readonly shapeBytes: number;
}

/** What an adapter can carry out. An obligation that is not declared here is a denial. */
export interface Capabilities {
  readonly maskers: readonly MaskerSpec['kind'][];
  readonly limits: readonly ('rows' | 'affectedRows' | 'bytes' | 'seconds')[];
  readonly redactDiagnostics: boolean;
  /** Outputs that are computed from masked fields can be replaced by NULL (`Obligations.nullComputed`). Absent: they are refused. */
  readonly nullComputed?: true;
  /** Clients may stay connected without ever logging in (topology monitors). */
  readonly idleBeforeLogin: boolean;
}

export interface SessionServices {
  readonly limits: FrameLimits;
  /** Whether the listener has a certificate. */
  readonly tlsAvailable: boolean;
  /** Whether a login without TLS is refused. */
  readonly tlsRequired: boolean;
  /** Of the listener's default database; null when it has not been reached yet. */
  readonly serverFacts: ServerFacts | null;
  /** The address that clients reach this listener at, for protocols that tell it. */
  readonly advertisedAddress: string;
  /** Identifies this session in cancel requests; also the connection id where the protocol shows one in its greeting. */
  readonly sessionNumber: number;
  /** Key for keyed maskers. */
  readonly maskingKey: Buffer;
  /** Dialect options of the listener from the configuration, as parsed YAML. */
  readonly options: Readonly<Record<string, unknown>>;
  randomBytes(count: number): Buffer;
}

/**
 * The state of one client connection, over login and relay.
 *
 * The codecs live as long as the session and change their mode with it (start-up packets, TLS).
 */
export interface DialectSession<Catalog = unknown> {
  readonly clientCodec: Codec;
  readonly upstreamCodec: Codec;
  readonly clientLogin: ClientLogin;
  /** Called when the client was proved and may connect; before `admit`. */
  openUpstream(target: UpstreamTarget): UpstreamLogin;
  /** Called after `admit`; the session classifies from now on. */
  openRelay(admission: Admission, catalog: CatalogHolder<Catalog>): Relay;
}

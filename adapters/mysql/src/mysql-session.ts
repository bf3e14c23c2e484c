/**
 * The state of one client connection: two codecs, a login on either side, and the relay between them.
 */
import type {
  Admission,
  CatalogHolder,
  ClientLogin,
  DialectSession,
  Relay,
  SessionServices,
  UpstreamLogin,
  UpstreamTarget,
} from '@gatehouse/adapter';
import type { FrameLimits } from '@gatehouse/wire';
import type { SqlAnalyzer } from './classify/analyzer.ts';
import { PacketCodec } from './codec/packet-codec.ts';
import { createClientLogin } from './handshake/client-login.ts';
import { createUpstreamLogin } from './handshake/upstream-login.ts';
import type { MysqlOptions } from './mysql-options.ts';
import { createRelay } from './relay.ts';
import { createSessionState, type SessionState } from './session-state.ts';

export class MysqlSession<Catalog> implements DialectSession<Catalog> {
  readonly clientCodec: PacketCodec;
  readonly upstreamCodec: PacketCodec;
  readonly clientLogin: ClientLogin;
  readonly #state: SessionState;
  readonly #analyzer: SqlAnalyzer<Catalog>;

  constructor(services: SessionServices, options: MysqlOptions, analyzer: SqlAnalyzer<Catalog>) {
    this.#state = createSessionState(services, options);
    this.#analyzer = analyzer;
    this.clientCodec = new PacketCodec(LOGIN_LIMITS);
    this.upstreamCodec = new PacketCodec(services.limits);
    this.clientLogin = createClientLogin(this.#state, 'greeting');
  }

  /** A new upstream connection: what the old one left in the codec belongs to nobody. */
  openUpstream(target: UpstreamTarget): UpstreamLogin {
    this.upstreamCodec.drain();
    return createUpstreamLogin(this.#state, target);
  }

  openRelay(_admission: Admission, catalog: CatalogHolder<Catalog>): Relay {
    this.clientCodec.limit(this.#state.services.limits);
    return createRelay({
      session: this.#state,
      analyzer: this.#analyzer,
      catalog,
      clientCodec: this.clientCodec,
      upstreamCodec: this.upstreamCodec,
    });
  }
}

/** Room for a token of 10 kB and for 64 kB of connection attributes; nobody has been proved yet. */
const LOGIN_LIMITS: FrameLimits = { wholeFrameBytes: 128 * 1024, maxFrameBytes: 128 * 1024 };

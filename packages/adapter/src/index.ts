export type { Adapter, AnalysisCounters, Capabilities, DialectSession, SessionServices } from './adapter.ts';
export type { Ask, CatalogHolder, ColumnComment, ServerFacts } from './catalog.ts';
export type { Codec } from './codec.ts';
export type {
  Credentials,
  Proof,
  ScramClientExchange,
  ScramServerExchange,
  ScramServerOptions,
  UpstreamCredential,
} from './credentials.ts';
export type {
  Admission,
  ClientLogin,
  LoginClaim,
  LoginOutbox,
  LoginStep,
  TlsFacts,
  UpstreamLogin,
  UpstreamOutbox,
  UpstreamStep,
  UpstreamTarget,
} from './login.ts';
export type { CancelPlan, Denial, Outbox, PendingRequest, Relay, RunningRequest, Verdict } from './relay.ts';
export { HANDLED, PASS } from './relay.ts';
export { ReplyQueue } from './reply-queue.ts';
export { type MeasureFrame, WholeFrameCodec } from './whole-frame-codec.ts';

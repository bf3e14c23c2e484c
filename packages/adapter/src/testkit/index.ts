export {
  AdapterBench,
  type BenchOptions,
  type BenchVerdict,
  type Finished,
  type ScriptedServer,
} from './bench.ts';
export {
  type ConformanceHarness,
  describeConformance,
  type Message,
  PEOPLE,
  PLAIN_VALUES,
  SECRET_VALUES,
} from './conformance.ts';
export { fakeCredentials, fakeUpstreamCredential } from './fake-credentials.ts';
export { lineAdapter } from './line-adapter.ts';

export { type Authority, createAuthority, type Identity } from './certificate.ts';
export { type DemoCounts, fillDemo } from './demo-data/fill-demo.ts';
export { type Fleet, type FleetOptions, startFleet } from './fleet.ts';
export { freePort } from './free-port.ts';
export { MissingServerError } from './missing-server-error.ts';
export type {
  Login,
  MongodbServer,
  MysqlServer,
  PostgresServer,
  RedisServer,
  RunningServer,
  ServerKind,
  ServerSource,
} from './running-server.ts';
export { SERVER_KINDS } from './running-server.ts';

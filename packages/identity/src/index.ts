export type {
  Acceptance,
  Authenticator,
  AuthenticatorOptions,
  Credentials,
  LoginAttempt,
  Lookup,
  RefusalReason,
} from './authenticator.ts';
export { createAuthenticator, loginRefused } from './authenticator.ts';
export type { Clock } from './clock.ts';
export type { GuardAnswer, LoginGuard, LoginGuardOptions } from './login-guard.ts';
export { createLoginGuard } from './login-guard.ts';
export type { DirectoryEntry, PrincipalDirectory } from './principal-directory.ts';
export { createPrincipalDirectory, isPrincipalName, MAX_PRINCIPAL_NAME } from './principal-directory.ts';
export type { LoadedPrincipals } from './principal-file.ts';
export { loadPrincipals } from './principal-file.ts';
export type { ScramClientExchange, ScramClientOptions, ScramClientSecrets } from './scram-client.ts';
export {
  createScramClient,
  MAX_SCRAM_ITERATIONS,
  MIN_SCRAM_ITERATIONS,
  scramKeysOf,
} from './scram-client.ts';
export type { ScramKeys } from './scram-keys.ts';
export type {
  ScramMechanism,
  ScramServerExchange,
  ScramServerOptions,
  ScramServerResult,
  ScramServerSecrets,
  ScramVerifier,
} from './scram-server.ts';
export { createScramServer } from './scram-server.ts';
export type { Proof, ScramSalt, SecretVerifiers } from './secret-verifiers.ts';
export {
  createVerifiers,
  verifySecret,
  verifySha1Scramble,
  verifySha256Scramble,
} from './secret-verifiers.ts';
export type { CreatedToken, TokenRequest } from './token.ts';
export { createToken, MAX_TOKEN_TTL_SECONDS } from './token.ts';
export { openTokenFile } from './token-file.ts';
export type { ScramParameters, TokenRecord, TokenState, TokenStore } from './token-store.ts';
export { scramSaltOf, tokenStateAt } from './token-store.ts';
export type { UpstreamCredential, UpstreamCredentialOptions } from './upstream-credential.ts';
export { createUpstreamCredential } from './upstream-credential.ts';
export type { Problem } from './yaml-reader.ts';

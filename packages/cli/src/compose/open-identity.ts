import { mkdirSync, readFileSync, watchFile } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  type Authenticator,
  createAuthenticator,
  createLoginGuard,
  loadPrincipals,
  openTokenFile,
  type PrincipalDirectory,
  type TokenStore,
} from '@gatehouse/identity';
import { GatewayError } from '@gatehouse/model';
import type { LoadedConfig } from '../config/load-config.ts';

export interface Identity {
  readonly authenticator: Authenticator;
  readonly tokens: TokenStore;
  principals(): PrincipalDirectory;
}

/** The data folder of a configuration, made when it is not there. */
export function dataFolder({ config, folder }: LoadedConfig): string {
  const path = resolve(folder, config.dataDir);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}

/** Reads the principals; throws `principals-refused` with every problem and its place. */
export function readPrincipals(loaded: LoadedConfig): PrincipalDirectory {
  const file = resolve(loaded.folder, loaded.config.principals);
  const result = loadPrincipals(readText(file), file);
  if (result.ok) return result.principals;
  const lines = result.problems.map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`);
  throw new GatewayError('config', 'principals-refused', lines.join('\n'));
}

export function openTokens(loaded: LoadedConfig): Promise<TokenStore> {
  return openTokenFile(join(dataFolder(loaded), 'tokens.json'));
}

/** Identity for a running gateway: the principals file is read again when it changes, and a bad one leaves the last good one in force. */
export async function openIdentity(
  loaded: LoadedConfig,
  problem: (error: unknown) => void,
): Promise<Identity> {
  let principals = readPrincipals(loaded);
  watchFile(resolve(loaded.folder, loaded.config.principals), { interval: 1_000, persistent: false }, () => {
    try {
      principals = readPrincipals(loaded);
    } catch (error) {
      problem(error);
    }
  });
  const tokens = await openTokens(loaded);
  const clock = Date.now;
  const authenticator = createAuthenticator({
    principals: () => principals,
    tokens,
    guard: createLoginGuard({ clock }),
    clock,
    sha1: loaded.config.listeners.some(({ options }) => options['nativePassword'] === true),
  });
  return { authenticator, tokens, principals: () => principals };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'error';
    throw new GatewayError(
      'config',
      'principals-unreadable',
      `principals file \`${file}\` cannot be read: ${code}`,
    );
  }
}

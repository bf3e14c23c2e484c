import type { Principal } from '@gatehouse/model';

/** A principal as configured. `disabled` is true too when the person whom an agent works for is disabled. */
export interface DirectoryEntry {
  readonly principal: Principal;
  readonly disabled: boolean;
}

/** Everybody who may log in; immutable, replaced as a whole when the file is loaded again. */
export interface PrincipalDirectory {
  readonly size: number;
  find(name: string): DirectoryEntry | undefined;
  entries(): readonly DirectoryEntry[];
}

/** Creates a directory; of entries with the same name the last one counts. */
export function createPrincipalDirectory(entries: readonly DirectoryEntry[]): PrincipalDirectory {
  // A Map and never an object: names such as `__proto__` come from the network.
  const byName = new Map(entries.map((entry) => [entry.principal.name, entry]));
  return {
    size: byName.size,
    find: (name) => byName.get(name),
    entries: () => [...byName.values()],
  };
}

/** Longest name of a principal, in UTF-16 units. */
export const MAX_PRINCIPAL_NAME = 128;

/**
 * True for what may name a principal: letters, digits and `. _ @ + -`, beginning with a letter or a
 * digit, in Unicode's composed form. `~` is left out because `user~database` names a database.
 */
export function isPrincipalName(name: string): boolean {
  return (
    name.length <= MAX_PRINCIPAL_NAME &&
    /^[\p{L}\p{N}][\p{L}\p{M}\p{N}._@+-]*$/u.test(name) &&
    name.normalize('NFC') === name
  );
}

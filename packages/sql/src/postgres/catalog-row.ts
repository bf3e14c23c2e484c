/** Reads values of the catalog's rows, which drivers give as text, number or boolean. */
import { GatewayError } from '@gatehouse/model';
import type { CatalogRow } from './catalog-queries.ts';

/** A text. Throws GatewayError `catalog-unreadable` for anything else, as the others do. */
export function textOf(row: CatalogRow, key: string): string {
  const value = row[key];
  return typeof value === 'string' ? value : refuseRow(key);
}

/** A safe integer, which may come as text. */
export function numberOf(row: CatalogRow, key: string): number {
  const value = row[key];
  const result =
    typeof value === 'number'
      ? value
      : typeof value === 'string' && value !== ''
        ? Number(value)
        : Number.NaN;
  return Number.isSafeInteger(result) ? result : refuseRow(key);
}

/** A boolean, which may come as text. */
export function flagOf(row: CatalogRow, key: string): boolean {
  const value = row[key];
  if (typeof value === 'boolean') return value;
  if (value === 't' || value === 'true') return true;
  if (value === 'f' || value === 'false') return false;
  return refuseRow(key);
}

export function refuseRow(what: string): never {
  throw new GatewayError(
    'unavailable',
    'catalog-unreadable',
    `catalog rows: expected a value for \`${what}\``,
    {
      retry: 'safe',
    },
  );
}

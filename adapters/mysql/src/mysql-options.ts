/**
 * What can be set for this dialect: in the code that creates the adapter, and per listener.
 */
import { GatewayError } from '@gatehouse/model';

export interface MysqlOptions {
  /** Accept mysql_native_password (SHA-1) from clients that know nothing better. */
  readonly nativePassword: boolean;
  /** The longest statement that is read; longer ones are refused. */
  readonly maxStatementBytes: number;
  /** Prepared statements that one session may hold, and the bytes of their texts. */
  readonly maxPreparedStatements: number;
  readonly maxPreparedBytes: number;
}

export const DEFAULT_MYSQL_OPTIONS: MysqlOptions = {
  nativePassword: false,
  maxStatementBytes: 16 * 1024 * 1024,
  maxPreparedStatements: 16_382,
  maxPreparedBytes: 64 * 1024 * 1024,
};

/** Puts a listener's options over the adapter's; throws GatewayError `mysql-option-invalid` for one that is unknown or of the wrong type. */
export function mergeOptions(base: MysqlOptions, listener: Readonly<Record<string, unknown>>): MysqlOptions {
  const merged: Record<string, boolean | number> = { ...base };
  for (const [name, value] of Object.entries(listener)) {
    const expected = Object.hasOwn(base, name) ? typeof base[name as keyof MysqlOptions] : 'nothing';
    if (
      typeof value !== expected ||
      (typeof value === 'number' && !(Number.isSafeInteger(value) && value > 0))
    )
      throw new GatewayError('config', 'mysql-option-invalid', `expected ${expected} for option \`${name}\``);
    merged[name] = value as boolean | number;
  }
  return merged as unknown as MysqlOptions;
}

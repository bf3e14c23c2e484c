/**
 * AuthMoreData: further words of an authentication plugin; here those of caching_sha2_password.
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_caching_sha2_authentication_exchanges.html
 */
const AUTH_MORE_DATA = 0x01;
/** The scramble was right; OK follows. */
export const FAST_AUTH_SUCCESS = 0x03;
/** The password itself is wanted, over a channel that is safe for it. */
export const PERFORM_FULL_AUTHENTICATION = 0x04;
/** What a client sends to get the server's RSA key (caching_sha2_password). */
export const REQUEST_PUBLIC_KEY = 0x02;
/** The same for sha256_password. */
export const REQUEST_PUBLIC_KEY_SHA256 = 0x01;

export function encodeAuthMoreData(data: number): Buffer {
  return Buffer.of(AUTH_MORE_DATA, data);
}

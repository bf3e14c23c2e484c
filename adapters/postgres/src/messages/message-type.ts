/** Type bytes of the messages, by direction (manual, section 54.7). */
function codes<const Names extends Record<string, string>>(
  names: Names,
): { readonly [Name in keyof Names]: number } {
  return Object.fromEntries(Object.entries(names).map(([name, letter]) => [name, letter.charCodeAt(0)])) as {
    [Name in keyof Names]: number;
  };
}

/** What a frontend sends. */
export const FRONTEND = codes({
  bind: 'B',
  close: 'C',
  copyData: 'd',
  copyDone: 'c',
  copyFail: 'f',
  describe: 'D',
  execute: 'E',
  flush: 'H',
  functionCall: 'F',
  parse: 'P',
  password: 'p',
  query: 'Q',
  sync: 'S',
  terminate: 'X',
});

/** What a backend sends. */
export const BACKEND = codes({
  authentication: 'R',
  backendKeyData: 'K',
  bindComplete: '2',
  closeComplete: '3',
  commandComplete: 'C',
  copyBothResponse: 'W',
  copyData: 'd',
  copyDone: 'c',
  copyInResponse: 'G',
  copyOutResponse: 'H',
  dataRow: 'D',
  emptyQueryResponse: 'I',
  errorResponse: 'E',
  functionCallResponse: 'V',
  negotiateProtocolVersion: 'v',
  noData: 'n',
  noticeResponse: 'N',
  notificationResponse: 'A',
  parameterDescription: 't',
  parameterStatus: 'S',
  parseComplete: '1',
  portalSuspended: 's',
  readyForQuery: 'Z',
  rowDescription: 'T',
});

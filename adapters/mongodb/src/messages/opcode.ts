/** Opcodes of the wire protocol; all others end the connection. */
export const OPCODE = { reply: 1, query: 2004, compressed: 2012, msg: 2013 } as const;

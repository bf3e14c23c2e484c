export type { Ahead, AsciiMask, IntegerMask } from './fast-mask.ts';
export { LEFT_TO_TEXT, MIN_ASCII_ROOM, writeInteger } from './fast-mask.ts';
export { isMaskToken } from './mask-token.ts';
export type { MaskColumn, MaskType } from './mask-type.ts';
export { MASK_TYPES } from './mask-type.ts';
export type { ColumnMask, ComputedMask, Masker, MaskerOptions } from './masker.ts';
export { createMasker } from './masker.ts';
export { MIN_MASK_KEY_BYTES } from './masker-check.ts';

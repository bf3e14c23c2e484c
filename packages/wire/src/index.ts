export { ByteReader, WireError, type WireErrorCode } from './byte-reader.ts';
export { ByteWriter } from './byte-writer.ts';
export { createFrame, type Frame, keepFrame } from './frame.ts';
export { FrameBuffer } from './frame-buffer.ts';
export { DEFAULT_FRAME_LIMITS, type FrameLimits } from './limits.ts';

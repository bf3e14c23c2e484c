/**
 * Events in a file of lines that is put aside when it has become large enough.
 *
 * Every batch is on the disk before it counts. What a crash left half-written is cut off when the
 * file is opened. A batch that comes twice stands there twice; each event carries its number.
 */
import { mkdirSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { AuditSink } from './audit-sink.ts';

interface FileSinkOptions {
  readonly path: string;
  readonly maxBytes: number;
  readonly keep: number;
  readonly format: (line: string) => string;
}

export function createFileSink({ path, maxBytes, keep, format }: FileSinkOptions): AuditSink {
  let file: FileHandle | null = null;
  let bytes = 0;

  const close = async () => {
    const opened = file;
    file = null;
    await opened?.close();
  };
  const opened = async (): Promise<FileHandle> => {
    if (file !== null) return file;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    file = await open(path, 'a+', 0o600);
    bytes = await cutTornLine(file);
    return file;
  };
  const rotate = async () => {
    await close();
    await rm(`${path}.${keep}`, { force: true });
    for (let number = keep - 1; number >= 1; number -= 1) {
      await rename(`${path}.${number}`, `${path}.${number + 1}`).catch(ignoreMissing);
    }
    if (keep > 0) await rename(path, `${path}.1`);
    else await rm(path, { force: true });
  };
  return {
    async write(lines) {
      const text = Buffer.from(lines.map((line) => `${format(line)}\n`).join(''));
      await opened();
      if (bytes > 0 && bytes + text.length > maxBytes) await rotate();
      const to = await opened();
      try {
        await to.appendFile(text);
        await to.datasync();
        bytes += text.length;
      } catch (error) {
        // The next attempt opens the file again and cuts what is half there.
        await close().catch(() => undefined);
        throw error;
      }
    },
    close,
  };
}

const BLOCK = 64 * 1024;

/** Cuts what stands behind the last line feed and gives the size that is left. */
async function cutTornLine(file: FileHandle): Promise<number> {
  const { size } = await file.stat();
  for (let end = size; end > 0; ) {
    const from = Math.max(0, end - BLOCK);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(end - from), 0, end - from, from);
    const last = buffer.subarray(0, bytesRead).lastIndexOf(10);
    if (last !== -1) {
      const whole = from + last + 1;
      if (whole < size) await file.truncate(whole);
      return whole;
    }
    end = from;
  }
  if (size > 0) await file.truncate(0);
  return 0;
}

function ignoreMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}

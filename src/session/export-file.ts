// An exported file on disk: pieces of text or bytes gathered, compressed where asked for, moved into place when complete.

import { constants } from 'node:fs';
import { access, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { fileError, replaceFile } from '../base/replaced-file.ts';

const compress = promisify(gzip);

/** Pieces are gathered up to about this many bytes before they are written. */
const WRITE_BYTES = 1 << 20;

/** Throws E_FILE_WRITE where a file could not be written after all the waiting: its folder is missing, or not ours. */
export async function checkWritable(path: string): Promise<void> {
  try {
    await access(dirname(path), constants.W_OK | constants.X_OK);
  } catch (error) {
    throw fileError('E_FILE_WRITE', `cannot write ${path}`, error);
  }
}

/**
 * Replaces `path` with the pieces and returns its size. An aborted `signal` leaves an older file as it was.
 * Throws E_FILE_WRITE.
 */
export async function writeExportFile(
  path: string,
  pieces: Iterable<string | Uint8Array>,
  options: { readonly signal?: AbortSignal } = {},
): Promise<number> {
  return replaceFile(path, async (file) => {
    let pending: Uint8Array[] = [];
    let length = 0;
    let written = 0;
    const flush = async (): Promise<void> => {
      options.signal?.throwIfAborted();
      written += await writeAll(file, Buffer.concat(pending));
      pending = [];
      length = 0;
    };
    for (const piece of pieces) {
      const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
      pending.push(bytes);
      length += bytes.length;
      if (length >= WRITE_BYTES) await flush();
    }
    await flush();
    return written;
  });
}

export async function gzipped(bytes: Uint8Array): Promise<Uint8Array> {
  return compress(bytes);
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<number> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at);
    at += bytesWritten;
  }
  return bytes.length;
}

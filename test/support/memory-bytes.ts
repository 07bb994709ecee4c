// Byte sinks and sources in memory, for files that tests write, damage and read back.

import type { ByteSink, ByteSource } from '../../src/snapshot/heap-file.ts';

export interface MemorySink extends ByteSink {
  /** Everything written so far. */
  bytes(): Uint8Array;
}

export function memorySink(): MemorySink {
  const parts: Uint8Array[] = [];
  return {
    write(bytes) {
      parts.push(bytes.slice());
      return Promise.resolve();
    },
    bytes: () => new Uint8Array(Buffer.concat(parts)),
  };
}

export function memorySource(bytes: Uint8Array): ByteSource {
  let at = 0;
  return {
    size: bytes.length,
    read(length) {
      const part = bytes.subarray(at, at + length);
      at += part.length;
      return Promise.resolve(part);
    },
  };
}

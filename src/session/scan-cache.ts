// What a scan keeps for the next one: of every file its hash and what was found, in one file per project. It holds only what
// can be had again: one that is damaged, foreign or of another version of the rules is passed over and written anew.
// Two parts: what is shown when nothing has changed is read without the facts, which are ten times as long.

import { readdirSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { mkdir, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { LeakscopeError } from '../base/errors.ts';
import { replaceFile } from '../base/replaced-file.ts';
import type { FileResult } from '../scan/check-file.ts';
import type { SettledFile } from '../scan/project/settled-file.ts';
import { hashOf } from './checked-file.ts';

/** One file of the scan before. */
export interface StoredFile {
  /** Over the file's bytes and all else its result depends on. */
  readonly key: string;
  readonly settled: SettledFile;
  readonly quoted: Readonly<Record<number, string>>;
}

export interface StoredScan {
  readonly files: readonly StoredFile[];
  /** The results of the same files; undefined when that part is damaged. */
  readonly results: () => readonly FileResult[] | undefined;
}

interface Header {
  readonly format: typeof FORMAT;
  readonly engine: string;
  readonly settledBytes: number;
}

const FORMAT = 'leakscope-scan-1';
const LINE_FEED = 0x0a;
const LONGEST_HEADER = 400;
/** Speed over size: it is read more often than kept. */
const COMPRESSION = { level: 1 };
/** Of a project of some five million lines; larger ones are scanned without. */
const MOST_BYTES = 64 * 1024 * 1024;
/** Guards against a small file that unpacks to fill the memory. */
const MOST_UNPACKED_BYTES = 2 ** 30;
const MOST_PROJECTS = 20;
const CACHE_FILE = /^scan-[0-9a-f]{16}\.cache$/;

/** The cache file of a scan of these paths from this folder. */
export function scanCachePath(cacheFolder: string, paths: readonly string[]): string {
  const identity = [resolve('.'), ...paths.map((path) => resolve(path)).sort()].join('\n');
  return join(cacheFolder, `scan-${hashOf(identity).slice(0, 16)}.cache`);
}

/** What is stored at `path` by the same engine; undefined when there is nothing of use. */
export function readScanCache(path: string, engine: string): StoredScan | undefined {
  try {
    const bytes = readFileSync(path);
    const end = bytes.subarray(0, LONGEST_HEADER).indexOf(LINE_FEED);
    const header = JSON.parse(bytes.toString('utf8', 0, end)) as Partial<Header>;
    if (header.format !== FORMAT || header.engine !== engine) return undefined;
    const split = end + 1 + Number(header.settledBytes);
    const files = unpack(bytes.subarray(end + 1, split)) as readonly StoredFile[];
    if (!files.every((file) => typeof file.key === 'string' && Array.isArray(file.settled.findings))) return undefined;
    // Kept as long as it is used.
    utimesSync(path, new Date(), new Date());
    return { files, results: () => unpackResults(bytes.subarray(split), files.length) };
  } catch {
    return undefined;
  }
}

function unpackResults(bytes: Buffer, count: number): readonly FileResult[] | undefined {
  try {
    const results = unpack(bytes) as readonly FileResult[];
    return results.length === count ? results : undefined;
  } catch {
    return undefined;
  }
}

/** Replaces what is stored, and removes what other projects have not used for longest. Without effect where it may not write. */
export async function writeScanCache(
  path: string,
  engine: string,
  files: readonly StoredFile[],
  results: readonly FileResult[],
): Promise<void> {
  const settled = pack(files);
  const facts = pack(results);
  if (settled.length + facts.length > MOST_BYTES) return;
  const header: Header = { format: FORMAT, engine, settledBytes: settled.length };
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await replaceFile(path, (file) =>
      file.writeFile(Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), settled, facts])),
    );
    await removeOldest(dirname(path));
  } catch (error) {
    // A read-only home or a full disk makes the next scan slower, not this answer worse.
    if (!(error instanceof LeakscopeError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}

async function removeOldest(folder: string): Promise<void> {
  const files = readdirSync(folder)
    .filter((name) => CACHE_FILE.test(name))
    .map((name) => join(folder, name))
    .map((path) => ({ path, usedAt: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => b.usedAt - a.usedAt);
  for (const { path } of files.slice(MOST_PROJECTS)) await unlink(path).catch(() => {});
}

function pack(data: unknown): Buffer {
  return deflateRawSync(JSON.stringify(data), COMPRESSION);
}

function unpack(bytes: Buffer): unknown {
  return JSON.parse(inflateRawSync(bytes, { maxOutputLength: MOST_UNPACKED_BYTES }).toString('utf8'));
}

// The executable and the libraries of a process that a core file is of: found by path, below --sysroot, or by build-id,
// and used only when they are the very files the process had mapped. What cannot be found or checked is a problem.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ProblemLog } from '../base/problems.ts';
import type { Address } from '../graph/heap-graph.ts';
import { elfBuildId, parseElf } from './elf.ts';
import { type MappedElfSource, openElfFile } from './mapped-elf.ts';
import { type MappedFile, type MappedRegion, mappedFiles } from './memory-maps.ts';

export interface CoreFiles {
  /** The file behind a mapping, checked; undefined when it cannot be had. Closing it is a no-op until `close`. */
  open(file: MappedFile): MappedElfSource | undefined;
  /** Bytes of the file behind `region` at a run-time address; beyond the file's end they are 0. */
  readMapped(region: MappedRegion, address: Address, length: number): Uint8Array | undefined;
  /** Files of the process that cannot be had, with their build-ids. */
  missing(): readonly string[];
  close(): void;
}

export interface CoreFilesOptions {
  readonly regions: readonly MappedRegion[];
  /** Reads memory that is in the core: the header page of each mapped file usually is. */
  readonly read: (address: Address, length: number) => Uint8Array | undefined;
  /** Folder that holds the file system of the process, or just its files. */
  readonly sysroot?: string | undefined;
  readonly problems: ProblemLog;
}

const DEBUG_FOLDER = '/usr/lib/debug';
const HEADER_BYTES = 4096;
/** Files looked at below --sysroot for one of the right name, and how deep. */
const MAX_LISTED = 100_000;
const MAX_DEPTH = 24;
const MAX_SAME_NAME = 64;

interface FoundFile extends MappedElfSource {
  /** Debug information only: it has no data. */
  readonly isDebug: boolean;
}

export function openCoreFiles(options: CoreFilesOptions): CoreFiles {
  const { problems, regions } = options;
  const byPath = new Map(mappedFiles(regions).map((file) => [file.path, file]));
  const found = new Map<string, FoundFile | undefined>();
  const missing: string[] = [];
  let listing: ReadonlyMap<string, readonly string[]> | undefined;

  const find = (file: MappedFile): FoundFile | undefined => {
    const head = elfHead(file, options.read);
    // Data files, and files whose first page is not in the core.
    const wanted = head === undefined ? undefined : elfBuildId(head);
    let differing: string | undefined;
    const tried = function* (): Generator<string> {
      yield* likelyPaths(file, wanted, options.sysroot);
      if (options.sysroot === undefined) return;
      listing ??= listBelow(options.sysroot);
      yield* listing.get(baseName(file.path)) ?? [];
    };
    for (const path of tried()) {
      const opened = openElfFile(path);
      const elf = opened === undefined ? undefined : parseElf(opened.source);
      if (opened === undefined || elf === undefined) {
        opened?.close();
        continue;
      }
      const id = elfBuildId(elf);
      if (wanted === undefined ? !file.deleted : id === wanted) {
        if (wanted === undefined) {
          problems.add(
            'core-file-unchecked',
            'the core file does not tell the build-id of a file, which was used unchecked',
            path,
          );
        }
        return { ...opened, isDebug: path.endsWith('.debug') };
      }
      differing ??= path;
      opened.close();
    }
    if (head === undefined) return undefined;
    const example = `${file.path} (build-id ${wanted ?? 'unknown'})`;
    missing.push(example);
    if (differing === undefined) {
      problems.add('core-file-missing', 'a file of the process is not here: put it below --sysroot', example);
    } else {
      problems.add(
        'core-file-differs',
        'a file is not the one the process used: put the right one below --sysroot',
        `${differing}, wanted ${example}`,
      );
    }
    return undefined;
  };

  const get = (path: string): FoundFile | undefined => {
    if (!found.has(path)) {
      const file = byPath.get(path);
      const isFile = path.startsWith('/') && !path.startsWith('/dev/') && file !== undefined;
      found.set(path, isFile ? find(file) : undefined);
    }
    return found.get(path);
  };

  return {
    open(file) {
      const opened = get(file.path);
      return opened === undefined ? undefined : { ...opened, close: () => {} };
    },
    readMapped(region, address, length) {
      const opened = get(region.path);
      if (opened === undefined || opened.isDebug) return undefined;
      const offset = region.offset + (address - region.start);
      const whole = opened.source.readFile(offset, length);
      if (whole !== undefined) return whole;
      // The last page of a file is filled up with zeros.
      const bytes = new Uint8Array(length);
      let had = 0;
      for (let step = 2 ** Math.floor(Math.log2(length)); step >= 1; step /= 2) {
        const part = had + step <= length ? opened.source.readFile(offset + had, step) : undefined;
        if (part === undefined) continue;
        bytes.set(part, had);
        had += step;
      }
      return had > 0 ? bytes : undefined;
    },
    missing: () => missing,
    close() {
      for (const file of found.values()) file?.close();
      found.clear();
    },
  };
}

/** The headers of a mapped ELF file as the core has them, or undefined where it has not or the file is none. */
function elfHead(file: MappedFile, read: CoreFilesOptions['read']) {
  const first = file.regions.find((region) => region.offset === 0);
  const bytes = first === undefined ? undefined : read(first.start, HEADER_BYTES);
  if (bytes === undefined) return undefined;
  return parseElf({
    readFile: (offset, length) =>
      offset >= 0 && length >= 0 && offset + length <= bytes.length
        ? bytes.subarray(offset, offset + length)
        : undefined,
  });
}

function* likelyPaths(file: MappedFile, buildId: string | undefined, sysroot: string | undefined): Generator<string> {
  const byId = buildId === undefined ? undefined : `.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}`;
  if (sysroot !== undefined) {
    yield join(sysroot, file.path);
    yield join(sysroot, baseName(file.path));
    if (byId !== undefined) {
      for (const folder of [sysroot, join(sysroot, DEBUG_FOLDER)]) {
        yield join(folder, byId);
        yield join(folder, `${byId}.debug`);
      }
    }
    // A file of this machine is as good when its build-id says that it is the same.
    if (buildId === undefined) return;
  }
  yield file.path;
  if (byId === undefined) return;
  yield join(DEBUG_FOLDER, byId);
  yield join(DEBUG_FOLDER, `${byId}.debug`);
}

/** Files below a folder by their names: an image may have been unpacked in other places than it was mapped from. */
function listBelow(folder: string): Map<string, string[]> {
  const byName = new Map<string, string[]>();
  let level = [folder];
  let listed = 0;
  for (let depth = 0; depth < MAX_DEPTH && level.length > 0; depth++) {
    const next: string[] = [];
    for (const at of level) {
      let entries: { name: string; isDirectory(): boolean; isFile(): boolean }[] = [];
      try {
        entries = readdirSync(at, { withFileTypes: true });
      } catch {
        // Not a folder, or not allowed: then nothing is found there.
      }
      for (const entry of entries) {
        if (++listed > MAX_LISTED) return byName;
        const path = join(at, entry.name);
        // Links are not followed: they may lead anywhere, and in circles.
        if (entry.isDirectory()) next.push(path);
        if (!entry.isFile()) continue;
        const same = byName.get(entry.name);
        if (same === undefined) byName.set(entry.name, [path]);
        else if (same.length < MAX_SAME_NAME) same.push(path);
      }
    }
    level = next;
  }
  return byName;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

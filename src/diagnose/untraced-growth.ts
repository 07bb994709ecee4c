// What grew and tracemalloc does not see: the growth of resident memory, split by what tracemalloc knows of it, and whose
// the native part is. Field names are those of the wire format.

import { formatBytes } from '../base/units.ts';
import { BlockKind } from '../cpython/block-use.ts';
import type { NativeOwner, NativeOwnerKind, NativeOwners } from '../cpython/native-reach.ts';
import type { OwnerlessGroup } from '../cpython/ownerless-blocks.ts';
import {
  type ExtensionCandidate,
  extensionCandidates,
  isInterpreterFile,
  moduleOfFile,
} from './extension-candidates.ts';
import type { FindSite } from './find-report.ts';
import type { NativeCalls } from './native-call-sites.ts';
import { bytesIn, type RssMeasure, type RssPartName } from './rss-parts.ts';

/** How resident memory grew, seen from tracemalloc; the bytes of all add up to the growth. */
export type UntracedPartName =
  /** Blocks that tracemalloc traces. */
  | 'traced'
  /** What it needs for that: gone when it is off. */
  | 'tracemalloc tables'
  /** Python objects and what they own that it does not trace: from before it began, or allocated by C code for them. */
  | 'untraced objects'
  /** Blocks of malloc in use that no Python object owns. */
  | 'native memory'
  /** Free in the allocators: was in use, and was not given back. */
  | 'free'
  /** Files, stacks, shared memory, maps, other allocators. */
  | 'outside the allocators';

export interface UntracedPart {
  readonly name: UntracedPartName;
  readonly bytes_diff: number;
}

/** Native memory by whom it leads back to. */
export interface NativeOwnerRow {
  readonly kind: NativeOwnerKind;
  /** File name of a library, or qualified name of a type; empty for the rest. */
  readonly name: string;
  /** The extension module, where it is one. */
  readonly module?: string;
  readonly blocks_diff: number;
  readonly bytes_diff: number;
}

export interface NativeSizeRow {
  readonly block_bytes: number;
  readonly blocks_diff: number;
}

export interface UntracedGrowth {
  readonly rss_bytes_diff: number;
  readonly parts: readonly UntracedPart[];
  /** What tracemalloc neither traces nor needs itself. */
  readonly unseen_bytes: number;
  /** Of the growth without tracemalloc's tables, where there is any. */
  readonly unseen_share?: number;
  /** Untraced blocks in use, by who leads to them; most growth first. */
  readonly owners: readonly NativeOwnerRow[];
  /** Untraced blocks without an owner among objects, by size; most growth first. */
  readonly sizes: readonly NativeSizeRow[];
  /** Extension modules that could be behind what grew and is nobody's, best evidence first. */
  readonly candidates: readonly ExtensionCandidate[];
  /** Lines of the program that call them, those seen running first. */
  readonly sites: readonly FindSite[];
  /** What this cannot tell, one sentence each. */
  readonly not_known: readonly string[];
}

/** One moment, measured. */
export interface UntracedLook {
  readonly measure: Pick<RssMeasure, 'rssBytes' | 'parts' | 'blockUse' | 'otherAllocator'>;
  readonly native: NativeOwners;
  /** Untraced blocks that no object owns. */
  readonly sizes: readonly OwnerlessGroup[];
}

export interface UntracedFacts {
  readonly before: UntracedLook;
  readonly after: UntracedLook;
  readonly extensionModules: readonly string[];
  readonly calls: NativeCalls;
}

const ROWS_LISTED = 8;
const SIZES_LISTED = 5;
/** Growth of a part that is worth a sentence on what is not known of it. */
const NOTED_BYTES = 1 << 20;
const OBJECT_PARTS: readonly RssPartName[] = ['live objects', 'object buffers', 'garbage'];
const FREE_PARTS: readonly RssPartName[] = ['free blocks', 'empty pools and arenas', 'free in malloc'];
const OBJECT_KINDS: readonly BlockKind[] = [BlockKind.object, BlockKind.buffer, BlockKind.garbage];
/** Files that lead to memory of all kinds: the C library and the loader. */
const C_LIBRARY = /^(?:libc|ld-linux|ld-musl|libpthread|libdl|libm|libstdc\+\+|libgcc_s)[-._\w]*\.so/;

/** Whether a file's data leads to memory of others. */
export function isCommonFile(file: string): boolean {
  return isInterpreterFile(file) || C_LIBRARY.test(file);
}

export function reportUntracedGrowth({ before, after, extensionModules, calls }: UntracedFacts): UntracedGrowth {
  const parts = compareParts(before, after);
  const bytesOf = (name: UntracedPartName): number => parts.find((part) => part.name === name)!.bytes_diff;
  const rss = after.measure.rssBytes - before.measure.rssBytes;
  const owners = compareOwners(before.native.owners, after.native.owners, extensionModules);
  const lost = owners.some(({ kind, bytes_diff }) => kind === 'nobody' && bytes_diff > 0);
  const unseen = rss - bytesOf('traced') - bytesOf('tracemalloc tables');
  const withoutTables = rss - bytesOf('tracemalloc tables');
  return {
    rss_bytes_diff: rss,
    parts,
    unseen_bytes: unseen,
    ...(withoutTables > 0 ? { unseen_share: Math.min(1, Math.max(0, unseen / withoutTables)) } : {}),
    owners: owners.slice(0, ROWS_LISTED),
    sizes: compareSizes(before.sizes, after.sizes).slice(0, SIZES_LISTED),
    candidates: lost
      ? extensionCandidates({ typeModule: '', heldByFiles: [], extensionModules, calledPackages: calls.packages })
      : [],
    sites: lost ? calls.sites : [],
    not_known: notKnown(after, bytesOf, lost),
  };
}

function compareParts(before: UntracedLook, after: UntracedLook): UntracedPart[] {
  const [old, now] = [before, after].map(({ measure }) => {
    const traced = measure.blockUse.tracedBytes;
    const tracedIn = (kinds: readonly BlockKind[]): number =>
      kinds.reduce<number>((sum, kind) => sum + traced[kind]!, 0);
    const known: Omit<Record<UntracedPartName, number>, 'outside the allocators'> = {
      traced: tracedIn(Object.values(BlockKind)),
      'tracemalloc tables': bytesIn(measure, ['tracemalloc tables']) - tracedIn([BlockKind.tracemalloc]),
      'untraced objects': bytesIn(measure, OBJECT_PARTS) - tracedIn(OBJECT_KINDS),
      'native memory': bytesIn(measure, ['native memory']) - tracedIn([BlockKind.native]),
      free: bytesIn(measure, FREE_PARTS),
    };
    const rest = measure.rssBytes - Object.values(known).reduce((sum, bytes) => sum + bytes, 0);
    return { ...known, 'outside the allocators': rest };
  }) as [Record<UntracedPartName, number>, Record<UntracedPartName, number>];
  return (Object.keys(now) as UntracedPartName[]).map((name) => ({ name, bytes_diff: now[name] - old[name] }));
}

function compareOwners(
  before: readonly NativeOwner[],
  after: readonly NativeOwner[],
  extensionModules: readonly string[],
): NativeOwnerRow[] {
  const keyOf = ({ kind, name }: NativeOwner): string => `${kind} ${name}`;
  const old = new Map(before.map((owner) => [keyOf(owner), owner]));
  const rows = after.map((owner) => {
    const was = old.get(keyOf(owner));
    old.delete(keyOf(owner));
    return rowOf(owner, owner.blocks - (was?.blocks ?? 0), owner.bytes - (was?.bytes ?? 0), extensionModules);
  });
  for (const owner of old.values()) rows.push(rowOf(owner, -owner.blocks, -owner.bytes, extensionModules));
  return rows.filter(({ bytes_diff }) => bytes_diff !== 0).sort((a, b) => b.bytes_diff - a.bytes_diff);
}

function rowOf(
  { kind, name }: NativeOwner,
  blocks: number,
  bytes: number,
  extensionModules: readonly string[],
): NativeOwnerRow {
  const module = moduleOf(kind, name, extensionModules);
  return { kind, name, ...(module === undefined ? {} : { module }), blocks_diff: blocks, bytes_diff: bytes };
}

function moduleOf(kind: NativeOwnerKind, name: string, extensionModules: readonly string[]): string | undefined {
  if (kind === 'library' && !isCommonFile(name)) {
    const module = moduleOfFile(name, extensionModules);
    return extensionModules.includes(module) ? module : undefined;
  }
  // The module of the type, or that of the package's native code.
  const parts = name.split('.');
  for (let length = parts.length - 1; kind === 'objects' && length > 0; length--) {
    const prefix = parts.slice(0, length).join('.');
    if (extensionModules.includes(prefix)) return prefix;
  }
  return undefined;
}

function compareSizes(before: readonly OwnerlessGroup[], after: readonly OwnerlessGroup[]): NativeSizeRow[] {
  const old = new Map(before.map(({ blockBytes, count }) => [blockBytes, count]));
  return after
    .map(({ blockBytes, count }) => ({ block_bytes: blockBytes, blocks_diff: count - (old.get(blockBytes) ?? 0) }))
    .filter(({ blocks_diff }) => blocks_diff > 0)
    .sort((a, b) => b.blocks_diff * b.block_bytes - a.blocks_diff * a.block_bytes);
}

function notKnown(
  { measure, native }: UntracedLook,
  bytesOf: (name: UntracedPartName) => number,
  lost: boolean,
): string[] {
  const said: string[] = [];
  if (lost) {
    said.push(
      'which code called malloc for what nothing leads to: only a hook in the allocator records that; registers and ' +
        'thread-local variables are not looked into',
    );
  }
  if (!native.isComplete) said.push('all owners: there is more native memory than is read for pointers');
  if (measure.otherAllocator !== undefined) {
    said.push(`what is in use of the memory of ${measure.otherAllocator}, whose blocks cannot be read`);
  }
  const outside = bytesOf('outside the allocators');
  if (outside > NOTED_BYTES) {
    said.push(
      `who mapped ${formatBytes(outside)} outside the allocators: leakscope rss splits it into files, stacks and maps`,
    );
  }
  const untraced = bytesOf('untraced objects');
  if (untraced > NOTED_BYTES) {
    said.push(`which lines allocated ${formatBytes(untraced)} of Python objects’ memory: C code did, past tracemalloc`);
  }
  return said;
}

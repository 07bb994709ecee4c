// The .heap file: constants and types shared by writer, reader and upgraders. docs/heap-file.md describes the format.

import type { Problem } from '../base/problems.ts';
import type { HeapGraph } from '../graph/heap-graph.ts';
import type { StoredCollector } from './stored-collector.ts';

/** Written today. Each older version has an upgrader in upgrade.ts and a paragraph in docs/heap-file.md. */
export const HEAP_FILE_VERSION = 1;

/** A byte that no text has, the name, and line ends and a Ctrl-Z that a transfer in text mode would change. */
export const HEAP_FILE_MAGIC = Uint8Array.of(0x89, 0x48, 0x45, 0x41, 0x50, 0x0d, 0x1a, 0x0a);

/** Where and when a snapshot was taken. Names and numbers only: no arguments, no environment, no values. */
export interface HeapFileMeta {
  /** Version of the tool that wrote the file. */
  readonly toolVersion: string;
  /** `CPython 3.12.1`. */
  readonly python: string;
  /** `gunicorn worker [shop]`, `app.py`. */
  readonly app: string;
  readonly pid: number;
  /** ISO 8601, UTC. */
  readonly takenAt: string;
  readonly rssBytes?: number;
  /** How long the process was stopped. */
  readonly pauseMs?: number;
  /** What could not be read as it should. */
  readonly problems?: readonly Problem[];
  /** How the cyclic collector was set; absent in files of tools that did not say. */
  readonly collector?: StoredCollector;
}

export interface HeapFile {
  readonly meta: HeapFileMeta;
  readonly graph: HeapGraph;
}

/** Where a writer puts bytes, in order. */
export interface ByteSink {
  write(bytes: Uint8Array): Promise<void>;
}

/** Where a reader takes bytes, in order. */
export interface ByteSource {
  /** Length of the whole input in bytes: what forged lengths are checked against. */
  readonly size: number;
  /** The next `length` bytes, fewer only at the end. The result may be overwritten by the next call. */
  read(length: number): Promise<Uint8Array>;
}

/** How the elements of a section are written, before compression. */
export const SectionEncoding = {
  /** One byte each. */
  bytes: 0,
  /** Unsigned 32-bit integers as varints. */
  varint: 1,
  /** Unsigned 32-bit integers that never descend: varints of the differences. */
  ascending: 2,
  /** Unsigned 32-bit integers: zigzag varints of the differences modulo 2^32. */
  delta: 3,
  /** Integers below 2^53 that never descend: varints of the differences. */
  ascendingWide: 4,
  /** UTF-8, each with its length in bytes as a varint before it. */
  strings: 5,
} as const;
export type SectionEncoding = (typeof SectionEncoding)[keyof typeof SectionEncoding];

/** A decoded section: what upgraders see. */
export type SectionData = Uint8Array | Uint32Array | Float64Array | readonly string[];

/** A file after decoding and before its version's meaning is applied. */
export interface RawHeapFile {
  readonly version: number;
  readonly sections: ReadonlyMap<string, SectionData>;
}

/** The columns of the current version, in the order they are written. */
export const SECTIONS = {
  /** One string: HeapFileMeta and the counts as JSON. Comes first, so that a file can be listed without its columns. */
  meta: SectionEncoding.strings,
  typeNames: SectionEncoding.strings,
  typeModules: SectionEncoding.strings,
  /** Two per type: high and low 32 bits of its address. */
  typeAddresses: SectionEncoding.varint,
  strings: SectionEncoding.strings,
  addresses: SectionEncoding.ascendingWide,
  typeOf: SectionEncoding.varint,
  shallowWords: SectionEncoding.varint,
  entryCounts: SectionEncoding.delta,
  nodeFlags: SectionEncoding.bytes,
  firstEdge: SectionEncoding.ascending,
  edgeTargets: SectionEncoding.delta,
  edgeNames: SectionEncoding.delta,
  rootNodes: SectionEncoding.ascending,
  rootKinds: SectionEncoding.bytes,
  rootLabels: SectionEncoding.varint,
  labelNodes: SectionEncoding.ascending,
  labelTexts: SectionEncoding.varint,
} as const satisfies Record<string, SectionEncoding>;
export type SectionName = keyof typeof SECTIONS;

/** The section that says the file is complete; it has no elements. */
export const END_SECTION = 'end';

/** Elements of one chunk: 256 Ki encode to at most 2 MiB. */
export const CHUNK_ELEMENTS = 1 << 18;
/** Strings are chunked by their bytes as well. */
export const CHUNK_STRING_BYTES = 1 << 20;
/** No reader needs to hold more than this of one chunk. */
export const CHUNK_BYTES_LIMIT = 1 << 26;
/** Deflate cannot shrink further than this (zlib, "Technical details"): a longer claim is forged. */
export const DEFLATE_RATIO_LIMIT = 1032;

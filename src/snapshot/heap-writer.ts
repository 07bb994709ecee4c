// Writes a graph as a .heap file, section by section, chunk by chunk. Opens no file: bytes go to a sink.

import { promisify } from 'node:util';
import { crc32, deflateRaw } from 'node:zlib';
import { assert } from '../base/assert.ts';
import type { HeapGraph } from '../graph/heap-graph.ts';
import { encodeChunk } from './column-codec.ts';
import {
  type ByteSink,
  CHUNK_BYTES_LIMIT,
  END_SECTION,
  HEAP_FILE_MAGIC,
  HEAP_FILE_VERSION,
  type HeapFile,
  type HeapFileMeta,
  SECTIONS,
  type SectionData,
  SectionEncoding,
  type SectionName,
} from './heap-file.ts';
import { collectorFields } from './stored-collector.ts';

const deflate = promisify(deflateRaw);

/** Columns are mostly runs of small differences: the fastest level finds nearly all there is. */
const DEFLATE_LEVEL = 1;
/** Chunks that the thread pool compresses while the next are encoded: bounds memory to some 10 MiB. */
const CHUNKS_IN_FLIGHT = 4;

/** Writes the whole file; resolves when the sink has taken the last byte. Deterministic for equal input. */
export async function writeHeap(sink: ByteSink, file: HeapFile): Promise<void> {
  await sink.write(fileHeader(HEAP_FILE_VERSION));
  const sections = sectionsOf(file);
  for (const name of Object.keys(SECTIONS) as SectionName[]) {
    await writeSection(sink, name, SECTIONS[name], sections[name]);
  }
  await writeSection(sink, END_SECTION, SectionEncoding.bytes, new Uint8Array(0));
}

/** Magic and version. */
export function fileHeader(version: number): Uint8Array {
  const header = new Uint8Array(HEAP_FILE_MAGIC.length + 4);
  header.set(HEAP_FILE_MAGIC);
  new DataView(header.buffer).setUint32(HEAP_FILE_MAGIC.length, version, true);
  return header;
}

/** One section with its header; public, like the headers, for tests that write files no current writer would. */
export async function writeSection(
  sink: ByteSink,
  name: string,
  encoding: SectionEncoding,
  data: SectionData,
): Promise<void> {
  await sink.write(sectionHeader(name, encoding, data.length));
  const pending: Promise<Uint8Array>[] = [];
  try {
    for (let start = 0; start < data.length; ) {
      const { end, bytes } = encodeChunk(data, encoding, start);
      assert(bytes.length <= CHUNK_BYTES_LIMIT, `a chunk of section ${name} is too long`);
      pending.push(packChunk(bytes, end - start));
      start = end;
      if (pending.length === CHUNKS_IN_FLIGHT) await sink.write(await pending.shift()!);
    }
    while (pending.length > 0) await sink.write(await pending.shift()!);
  } finally {
    // After a failed write, compression already under way still has to be waited for.
    await Promise.allSettled(pending);
  }
}

/** Length of the name, name, encoding, element count (u32), CRC-32 of all these. */
export function sectionHeader(name: string, encoding: SectionEncoding, count: number): Uint8Array {
  const nameBytes = new TextEncoder().encode(name);
  assert(nameBytes.length < 256 && count < 2 ** 32, `section ${name} cannot be written`);
  const header = new Uint8Array(nameBytes.length + 10);
  const view = new DataView(header.buffer);
  header[0] = nameBytes.length;
  header.set(nameBytes, 1);
  header[nameBytes.length + 1] = encoding;
  view.setUint32(nameBytes.length + 2, count, true);
  view.setUint32(nameBytes.length + 6, crc32(header.subarray(0, nameBytes.length + 6)), true);
  return header;
}

/** Element count, encoded length, stored length, CRC-32 of these and the stored bytes; then the stored bytes. */
async function packChunk(bytes: Uint8Array, count: number): Promise<Uint8Array> {
  const packed = await deflate(bytes, { level: DEFLATE_LEVEL });
  const chunk = new Uint8Array(16 + packed.length);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, count, true);
  view.setUint32(4, bytes.length, true);
  view.setUint32(8, packed.length, true);
  chunk.set(packed, 16);
  view.setUint32(12, crc32(packed, crc32(chunk.subarray(0, 12))), true);
  return chunk;
}

function sectionsOf(file: HeapFile): Record<SectionName, SectionData> {
  const { graph, meta } = file;
  const typeAddresses = new Uint32Array(2 * graph.types.length);
  graph.types.forEach((type, i) => {
    typeAddresses[2 * i] = Math.floor(type.address / 2 ** 32);
    typeAddresses[2 * i + 1] = type.address % 2 ** 32;
  });
  return {
    meta: [metaJson(meta, graph)],
    typeNames: graph.types.map((type) => type.name),
    typeModules: graph.types.map((type) => type.module),
    typeAddresses,
    strings: graph.strings,
    addresses: graph.addresses,
    typeOf: graph.typeOf,
    shallowWords: graph.shallowWords,
    entryCounts: graph.entryCounts,
    nodeFlags: graph.nodeFlags,
    firstEdge: graph.firstEdge,
    edgeTargets: graph.edgeTargets,
    edgeNames: graph.edgeNames,
    rootNodes: graph.roots.nodes,
    rootKinds: graph.roots.kinds,
    rootLabels: graph.roots.labels,
    labelNodes: graph.labels.nodes,
    labelTexts: graph.labels.labels,
  };
}

/** Only the documented fields, so that nothing else can slip into a file; counts are for tools that list files. */
function metaJson(meta: HeapFileMeta, graph: HeapGraph): string {
  return JSON.stringify({
    toolVersion: meta.toolVersion,
    python: meta.python,
    app: meta.app,
    pid: meta.pid,
    takenAt: meta.takenAt,
    rssBytes: meta.rssBytes,
    pauseMs: meta.pauseMs,
    problems: meta.problems,
    collector: meta.collector === undefined ? undefined : collectorFields(meta.collector),
    objects: graph.nodeCount,
    references: graph.edgeCount,
  });
}

// Reads the Python source of the target's modules through the target's own view of the file system.

import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Layout } from '../cpython/layout.ts';
import type { MemoryImage } from '../cpython/memory-image.ts';
import { StringReader } from '../cpython/python-string.ts';
import { EDGE_KIND_SHIFT, EDGE_PAYLOAD_MASK, EdgeKind, type HeapGraph } from '../graph/heap-graph.ts';
import type { SourceFile } from '../source/growth-site-query.ts';
import { isLibraryPath } from '../source/source-index.ts';
import { readProcLink } from '../target/proc-file.ts';
import type { ProcessInfo } from '../target/process-info.ts';

export interface TargetSource {
  readonly files: readonly SourceFile[];
  /** Modules of native code that are not the standard library's, and `ctypes`, which calls any. */
  readonly extensions: readonly string[];
  /** Paths modified after the process started: their lines may differ from what runs. */
  readonly changed: ReadonlySet<string>;
}

/** Source past these limits is generated or data; it is not read. */
const FILE_BYTES_LIMIT = 2 << 20;
const TOTAL_BYTES_LIMIT = 96 << 20;
const PATH_LIMIT = 4096;

/** Source of every module in the graph that has a readable .py file, application files first. */
export function readTargetSource(
  info: ProcessInfo,
  graph: HeapGraph,
  image: MemoryImage,
  layout: Layout,
): TargetSource {
  const startedAtMs = Date.now() - info.uptimeSeconds * 1000;
  const cwd = readProcLink(`/proc/${info.pid}/cwd`) ?? '/';
  const files: SourceFile[] = [];
  const changed = new Set<string>();
  let total = 0;
  const loaded = moduleFiles(graph, image, layout).map((m) => ({ module: m.module, path: resolve(cwd, m.path) }));
  const modules = loaded.filter(({ path }) => path.endsWith('.py'));
  modules.sort((a, b) => Number(isLibraryPath(a.path)) - Number(isLibraryPath(b.path)));
  for (const { module, path } of modules) {
    const seenAs = `/proc/${info.pid}/root${path}`;
    try {
      const stat = statSync(seenAs);
      if (!stat.isFile() || stat.size > FILE_BYTES_LIMIT || total + stat.size > TOTAL_BYTES_LIMIT) continue;
      total += stat.size;
      files.push({ path, module, text: readFileSync(seenAs, 'utf8') });
      if (stat.mtimeMs > startedAtMs + 1000) changed.add(path);
    } catch {
      // Zipped, deleted or unreadable source: the holder is still named, only its lines are not.
    }
  }
  return { files, extensions: loaded.filter(callsNativeCode).map(({ module }) => module), changed };
}

/** Modules of native code that are loaded, those of the standard library left out but for `ctypes`. */
export function extensionModules(graph: HeapGraph, image: MemoryImage, layout: Layout): string[] {
  return moduleFiles(graph, image, layout)
    .filter(callsNativeCode)
    .map(({ module }) => module);
}

function callsNativeCode({ module, path }: { readonly module: string; readonly path: string }): boolean {
  return module === 'ctypes' || (path.endsWith('.so') && !path.includes('/lib-dynload/'));
}

/** Name and `__file__` of every module that has one. */
function moduleFiles(graph: HeapGraph, image: MemoryImage, layout: Layout): { module: string; path: string }[] {
  const strings = new StringReader(image, layout, 0);
  const fileName = graph.strings.indexOf('__file__');
  if (fileName < 0) return [];
  const found: { module: string; path: string }[] = [];
  const { labels } = graph;
  for (let i = 0; i < labels.nodes.length; i++) {
    const node = labels.nodes[i]!;
    if (graph.types[graph.typeOf[node]!]!.name !== 'module') continue;
    const path = globalString(graph, strings, node, fileName);
    if (path !== undefined) found.push({ module: graph.strings[labels.labels[i]!]!, path });
  }
  return found;
}

/** The str a module's global refers to, through the module's namespace. */
function globalString(graph: HeapGraph, strings: StringReader, module: number, name: number): string | undefined {
  for (let e = graph.firstEdge[module]!; e < graph.firstEdge[module + 1]!; e++) {
    if (graph.edgeNames[e]! >>> EDGE_KIND_SHIFT !== EdgeKind.field) continue;
    const namespace = graph.edgeTargets[e]!;
    for (let v = graph.firstEdge[namespace]!; v < graph.firstEdge[namespace + 1]!; v++) {
      const packed = graph.edgeNames[v]!;
      if (packed >>> EDGE_KIND_SHIFT !== EdgeKind.global || (packed & EDGE_PAYLOAD_MASK) !== name) continue;
      return strings.read(graph.addresses[graph.edgeTargets[v]!]!, PATH_LIMIT);
    }
  }
  return undefined;
}

// The keys of mappings on a path, for a run with --show-values: the one place where leakscope decodes data of the
// program to show it. Only str and int keys, cut short; nothing here is called without the flag.

import { smallInt } from '../cpython/container-length.ts';
import type { Layout } from '../cpython/layout.ts';
import type { MemoryImage } from '../cpython/memory-image.ts';
import { StringReader } from '../cpython/python-string.ts';
import {
  EDGE_KIND_SHIFT,
  EDGE_PAYLOAD_MASK,
  type EdgeIndex,
  EdgeKind,
  type HeapGraph,
  type NodeIndex,
  packEdgeName,
  qualifiedTypeName,
} from '../graph/heap-graph.ts';
import type { KeyText } from '../graph/path-names.ts';
import { sourceOfEdge } from '../graph/referrers.ts';

/** Characters of a key that are shown. */
const SHOWN_LENGTH = 80;
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Reads the key beside a `value` edge: `'user-17'`, `42`; undefined for keys of other types. */
export function keyReader(graph: HeapGraph, image: MemoryImage, layout: Layout): KeyText {
  const strings = new StringReader(image, layout, 0);
  return (edge) => {
    const key = keyBeside(graph, edge);
    if (key === undefined) return undefined;
    const address = graph.addresses[key]!;
    switch (qualifiedTypeName(graph.types[graph.typeOf[key]!]!)) {
      case 'str': {
        const text = strings.read(address, SHOWN_LENGTH + 1);
        return text === undefined ? undefined : quoted(text);
      }
      case 'int':
        return smallInt(image, layout, address)?.toString();
      default:
        return undefined;
    }
  };
}

/** Target of the `key` edge with the ordinal of this `value` edge, from the same mapping. */
function keyBeside(graph: HeapGraph, edge: EdgeIndex): NodeIndex | undefined {
  const name = graph.edgeNames[edge]!;
  if (name >>> EDGE_KIND_SHIFT !== EdgeKind.value) return undefined;
  const wanted = packEdgeName(EdgeKind.key, name & EDGE_PAYLOAD_MASK);
  // Written right before its value.
  if (graph.edgeNames[edge - 1] === wanted) return graph.edgeTargets[edge - 1];
  const source = sourceOfEdge(graph, edge);
  for (let e = graph.firstEdge[source]!; e < graph.firstEdge[source + 1]!; e++) {
    if (graph.edgeNames[e] === wanted) return graph.edgeTargets[e];
  }
  return undefined;
}

function quoted(text: string): string {
  const cut = text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text;
  const escaped = cut
    .replace(/[\\']/g, '\\$&')
    .replace(CONTROL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return `'${escaped}'`;
}

// What can follow in a query at the cursor: fields, the conditions of `is:`, names of types, modules and attributes.

import { EDGE_KIND_SHIFT, EDGE_PAYLOAD_MASK, EdgeKind, type HeapGraph } from '../graph/heap-graph.ts';
import type { HeapIndex } from './heap-index.ts';
import { CONDITIONS, isTextField, NUMBER_FIELDS, TEXT_FIELDS } from './query-fields.ts';
import { type Token, tokenize } from './query-syntax.ts';

export interface Completion {
  /** What replaces the text between `from` and `to`. */
  readonly insert: string;
  /** What it means, or how often it occurs. */
  readonly detail: string;
}

export interface Completions {
  /** UTF-16 offsets of the query: what a completion replaces. */
  readonly from: number;
  readonly to: number;
  /** Those that begin like what stands there first. */
  readonly options: readonly Completion[];
}

/** Names that occur in a heap, most frequent first. */
export interface QueryVocabulary {
  readonly types: readonly Completion[];
  readonly modules: readonly Completion[];
  readonly attributes: readonly Completion[];
}

const OPTIONS_SHOWN = 30;

/** One pass over nodes and one over edges; keep it as long as the heap. */
export function queryVocabulary({ retention: { graph }, typeNames }: HeapIndex): QueryVocabulary {
  const ofType = new Float64Array(graph.types.length);
  for (let n = 0; n < graph.nodeCount; n++) ofType[graph.typeOf[n]!]!++;
  const modules = new Map<string, number>();
  graph.types.forEach(({ module }, index) => {
    const name = module === '' ? 'builtins' : module;
    modules.set(name, (modules.get(name) ?? 0) + ofType[index]!);
  });
  const types = typeNames.map((name, index): [string, number] => [name, ofType[index]!]);
  return {
    types: byFrequency(types, 'object'),
    modules: byFrequency([...modules], 'object'),
    attributes: byFrequency(attributeCounts(graph), 'reference'),
  };
}

function attributeCounts(graph: HeapGraph): [string, number][] {
  const { edgeNames, strings } = graph;
  const counts = new Float64Array(strings.length);
  for (let e = 0; e < edgeNames.length; e++) {
    const packed = edgeNames[e]!;
    const kind = packed >>> EDGE_KIND_SHIFT;
    // Fields of the interpreter are the same everywhere; elements and entries have no name.
    if (kind === EdgeKind.attribute || kind === EdgeKind.global || kind === EdgeKind.local || kind === EdgeKind.cell) {
      counts[packed & EDGE_PAYLOAD_MASK]!++;
    }
  }
  return strings.map((name, index) => [name, counts[index]!]);
}

function byFrequency(counts: readonly (readonly [string, number])[], noun: string): Completion[] {
  return counts
    .filter(([name, count]) => name !== '' && count > 0)
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .map(([name, count]) => ({
      insert: quoted(name),
      detail: `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`,
    }));
}

function quoted(name: string): string {
  return /[\s()"]/.test(name) ? `"${name.replaceAll('"', '')}"` : name;
}

/** `cursor` is a UTF-16 offset of `text`. Never fails, whatever stands there. */
export function completeQuery(text: string, cursor: number, vocabulary: QueryVocabulary): Completions {
  const at = Math.max(0, Math.min(cursor, text.length));
  const token = tokenize(text.slice(0, at)).findLast(({ kind, end }) => kind !== 'end' && end === at);
  // After a blank or a parenthesis a new condition begins; a word like `or` may become a longer one.
  if (token === undefined || token.kind === 'open' || token.kind === 'close') return completions(at, at, '', fields());
  if (token.field === undefined) {
    const from = token.kind === 'not' && text[token.start] === '-' ? at : token.start;
    const typed = text.slice(from, at);
    return completions(from, at, typed, [...fields(), ...keywords(), ...vocabulary.types]);
  }
  const options = valuesOf(token, vocabulary);
  return completions(token.valueStart, at, text.slice(token.valueStart, at), options);
}

function valuesOf(token: Token, vocabulary: QueryVocabulary): readonly Completion[] {
  if (token.field === undefined || !isTextField(token.field)) return [];
  switch (token.field) {
    case 'is':
      return Object.entries(CONDITIONS).map(([insert, detail]) => ({ insert, detail }));
    case 'type':
      return vocabulary.types;
    case 'module':
      return vocabulary.modules;
    case 'has':
      return vocabulary.attributes;
    case 'refers-to':
    case 'held-by':
    case 'under':
      return [...vocabulary.types, ...vocabulary.modules];
    default:
      return [];
  }
}

function fields(): Completion[] {
  return [
    ...Object.entries(TEXT_FIELDS).map(([field, detail]) => ({ insert: `${field}:`, detail: `objects ${detail}` })),
    ...Object.entries(NUMBER_FIELDS).map(([field, { meaning }]) => ({ insert: `${field}>`, detail: meaning })),
  ];
}

function keywords(): Completion[] {
  return [
    { insert: 'and', detail: 'both conditions; may be left out' },
    { insert: 'or', detail: 'either condition' },
    { insert: 'not', detail: 'the condition does not hold' },
  ];
}

/** First what begins like the typed text, then what contains it; case does not count. */
function completions(from: number, to: number, typed: string, options: readonly Completion[]): Completions {
  const wanted = typed.replace(/^"/, '').toLowerCase();
  const begins: Completion[] = [];
  const contains: Completion[] = [];
  for (const option of options) {
    const at = option.insert.toLowerCase().indexOf(wanted);
    if (at === 0) begins.push(option);
    else if (at > 0) contains.push(option);
  }
  return { from, to, options: [...begins, ...contains].slice(0, OPTIONS_SHOWN) };
}

// Counts, own and retained memory by type or by module, with growth since another snapshot; searched, sorted, in windows.

import { takeCensus } from '../graph/census.ts';
import type { DominatorTree } from '../graph/dominator-tree.ts';
import { type HeapGraph, type HeapType, qualifiedTypeName } from '../graph/heap-graph.ts';
import type { TypeRow, Window } from '../protocol/web/heap-views.ts';

export type TypeGrouping = 'type' | 'module';

/** What one row is counted from. */
export interface TypeAmount {
  readonly name: string;
  readonly module: string;
  readonly objects: number;
  readonly bytes: number;
  /** Absent while it is not computed. */
  readonly retainedBytes?: number;
}

/** By row name. */
export type TypeAmounts = ReadonlyMap<string, TypeAmount>;

type CountedGraph = Pick<HeapGraph, 'typeOf' | 'types' | 'shallowWords'>;

/**
 * Sums up all nodes: O(nodes). With `retained`, adds what the types of a row retain together, each byte once. Types of
 * one name are one row: classes that are made anew on every call.
 */
export function amountsByType(
  graph: CountedGraph,
  grouping: TypeGrouping,
  retained?: { readonly tree: DominatorTree; readonly bytes: Float64Array },
): TypeAmounts {
  const { groups, groupOf } = groupTypes(graph.types, grouping);
  const census = takeCensus(
    { ...graph, types: groups, typeOf: regroup(graph.typeOf, groupOf) },
    retained === undefined ? {} : { retained },
  );
  return new Map(
    census.map((row) => {
      const { name, module } = groups[row.type]!;
      const { count, bytes, retainedBytes } = row;
      const amount = { name, module, objects: count, bytes };
      return [name, retainedBytes === undefined ? amount : { ...amount, retainedBytes }];
    }),
  );
}

function groupTypes(
  types: readonly HeapType[],
  grouping: TypeGrouping,
): { readonly groups: readonly HeapType[]; readonly groupOf: Uint32Array } {
  const groups: HeapType[] = [];
  const places = new Map<string, number>();
  const groupOf = Uint32Array.from(types, (type) => {
    const module = moduleName(type);
    const name = grouping === 'module' ? module : qualifiedTypeName(type);
    let place = places.get(name);
    if (place === undefined) {
      place = groups.push({ name, module, address: 0 }) - 1;
      places.set(name, place);
    }
    return place;
  });
  return { groups, groupOf };
}

/** Types of the interpreter itself have no module. */
function moduleName({ module }: HeapType): string {
  return module === '' ? 'builtins' : module;
}

function regroup(typeOf: Uint32Array, groupOf: Uint32Array): Uint32Array {
  const regrouped = new Uint32Array(typeOf.length);
  for (let n = 0; n < typeOf.length; n++) regrouped[n] = groupOf[typeOf[n]!]!;
  return regrouped;
}

export interface TypesTableOptions {
  readonly offset: number;
  readonly limit: number;
  readonly sort: 'name' | 'objects' | 'bytes' | 'retained_bytes' | 'objects_grown' | 'bytes_grown';
  readonly order: 'ascending' | 'descending';
  /** Part of a name, letter case ignored. */
  readonly search: string;
}

/** `before` adds growth, and rows for what is gone altogether. */
export function typesTable(
  amounts: TypeAmounts,
  before: TypeAmounts | undefined,
  options: TypesTableOptions,
): Window<TypeRow> {
  const wanted = options.search.toLowerCase();
  const rows: TypeRow[] = [];
  const add = (amount: TypeAmount): void => {
    if (!amount.name.toLowerCase().includes(wanted)) return;
    const { name, module, objects, bytes, retainedBytes } = amount;
    const row = {
      name,
      module,
      objects,
      bytes,
      ...(retainedBytes === undefined ? {} : { retained_bytes: retainedBytes }),
    };
    const earlier = before?.get(name);
    rows.push(
      before === undefined
        ? row
        : { ...row, objects_grown: objects - (earlier?.objects ?? 0), bytes_grown: bytes - (earlier?.bytes ?? 0) },
    );
  };
  for (const amount of amounts.values()) add(amount);
  for (const [name, { module }] of before ?? []) {
    if (!amounts.has(name)) add({ name, module, objects: 0, bytes: 0 });
  }
  rows.sort(byColumn(options));
  const { offset, limit } = options;
  return { total: rows.length, offset, rows: rows.slice(offset, offset + limit) };
}

function byColumn({ sort, order }: TypesTableOptions): (a: TypeRow, b: TypeRow) => number {
  const sign = order === 'ascending' ? 1 : -1;
  const byName = (a: TypeRow, b: TypeRow): number => (a.name < b.name ? -1 : Number(a.name > b.name));
  if (sort === 'name') return (a, b) => sign * byName(a, b);
  return (a, b) => sign * ((a[sort] ?? 0) - (b[sort] ?? 0)) || byName(a, b);
}

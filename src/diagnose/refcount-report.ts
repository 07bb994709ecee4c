// The reference audit as a person wants to see it: types whose objects have references that no Python object accounts
// for, who in native code holds them, what is lost, and which extensions could have lost it.
// Field names are snake_case because this is wire format (src/protocol/references.ts).

import { indexInAscending } from '../base/sorted-search.ts';
import { formatCount } from '../base/units.ts';
import type { NativeHolder, RefcountAudit } from '../cpython/refcount-audit.ts';
import { type HeapGraph, type NodeIndex, qualifiedTypeName } from '../graph/heap-graph.ts';
import { type ExtensionCandidate, extensionCandidates, isInterpreterFile } from './extension-candidates.ts';

/** Share of the references that says where all of them are. */
const MOST = 0.8;

export interface HeldRow {
  /** `running calls`, `static data of _leaky.so`, `memory of _leaky.so`, `native memory`. */
  readonly by: string;
  readonly references: number;
}

export interface RefcountTypeRow {
  readonly type: string;
  /** Objects with more references than are known, and their own bytes. */
  readonly objects: number;
  readonly bytes: number;
  /** References that no Python object accounts for. */
  readonly references: number;
  /** The part that was found nowhere in native memory either: missing Py_DECREFs, or a structure that cannot be read. */
  readonly lost_references: number;
  readonly held: readonly HeldRow[];
  /** Which extension modules could be behind it, best evidence first, at most five. */
  readonly candidates: readonly ExtensionCandidate[];
}

export interface LostObjectRow {
  readonly type: string;
  readonly address: string;
  readonly lost_references: number;
  /** What keeps it alive besides, where a path was asked for. */
  readonly path?: string;
}

export interface RefcountReport {
  readonly audited_objects: number;
  /** Left out: immortal, or counted only during collections. */
  readonly uncounted_objects: number;
  /** References that the interpreter's own data and state account for: no leak, and listed with no type. */
  readonly interpreter_references: number;
  readonly lost_references: number;
  /** Most lost references first, then most held by extensions. */
  readonly types: readonly RefcountTypeRow[];
  /** Objects that lost more than one reference, most first. */
  readonly objects: readonly LostObjectRow[];
  /** Objects with fewer references than referrers: what was misread. */
  readonly misread_objects: number;
}

export interface RefcountReportOptions {
  /** Rows per table. */
  readonly top: number;
  readonly extensionModules?: readonly string[];
  readonly calledPackages?: readonly string[];
  /** Retaining path of a node, in words. */
  readonly pathOf?: (node: NodeIndex) => string | undefined;
}

export function reportRefcounts(
  graph: HeapGraph,
  audit: RefcountAudit,
  options: RefcountReportOptions,
): RefcountReport {
  const held = heldByType(audit);
  const rows = graph.types.flatMap((type, i): RefcountTypeRow[] => {
    const lost = audit.lostReferences[i]!;
    const holders = (held.get(i) ?? []).filter(({ holder }) => !isInterpreterFile(holder.name));
    if (lost === 0 && holders.length === 0) return [];
    return [
      {
        type: qualifiedTypeName(type),
        objects: audit.surplusObjects[i]!,
        bytes: audit.surplusBytes[i]!,
        references: audit.surplusReferences[i]!,
        lost_references: lost,
        held: (held.get(i) ?? []).map(({ holder, references }) => ({ by: holderInWords(holder), references })),
        candidates: candidatesForType(graph, audit, i, options),
      },
    ];
  });
  const byExtensions = (row: RefcountTypeRow): number => row.references - row.lost_references;
  rows.sort((a, b) => b.lost_references - a.lost_references || byExtensions(b) - byExtensions(a));
  return {
    audited_objects: audit.audited,
    uncounted_objects: audit.uncounted,
    interpreter_references: audit.held
      .filter(({ holder }) => isInterpreterFile(holder.name))
      .reduce((sum, row) => sum + row.references, 0),
    lost_references: sumOf(audit.lostReferences),
    types: rows.slice(0, options.top),
    objects: lostObjects(graph, audit, options),
    misread_objects: sumOf(audit.deficitObjects),
  };
}

/** The extensions that could be behind the surplus of one type. */
export function candidatesForType(
  graph: HeapGraph,
  audit: RefcountAudit,
  type: number,
  { extensionModules = [], calledPackages = [] }: Pick<RefcountReportOptions, 'extensionModules' | 'calledPackages'>,
): ExtensionCandidate[] {
  return extensionCandidates({
    typeModule: graph.types[type]!.module,
    typeFile: audit.typeFiles.get(type),
    heldByFiles: audit.held.flatMap(({ type: of, holder }) => (of === type && holder.name !== '' ? [holder.name] : [])),
    extensionModules,
    calledPackages,
  });
}

/**
 * What native memory says of a surplus, in a sentence: a library still points at most of it (a table that grows), or
 * nothing does (a missing Py_DECREF). Undefined where it is neither.
 */
export function whereHeld(audit: RefcountAudit, type: number): string | undefined {
  const all = audit.surplusReferences[type]!;
  const lost = audit.lostReferences[type]!;
  if (lost > all * MOST) {
    return `no word of native memory points at ${formatCount(lost)} of these ${formatCount(all)} references: a missing Py_DECREF`;
  }
  const kept = audit.held.find(
    (row) => row.type === type && row.holder.place !== 'call' && row.references > all * MOST && row.holder.name !== '',
  );
  if (kept === undefined || isInterpreterFile(kept.holder.name)) return undefined;
  return `${formatCount(kept.references)} of these ${formatCount(all)} references are in ${holderInWords(kept.holder)}: it still points at them`;
}

function heldByType({ held }: RefcountAudit): Map<number, RefcountAudit['held'][number][]> {
  const byType = new Map<number, RefcountAudit['held'][number][]>();
  for (const row of held) {
    const rows = byType.get(row.type);
    if (rows === undefined) byType.set(row.type, [row]);
    else rows.push(row);
  }
  return byType;
}

function holderInWords({ place, name }: NativeHolder): string {
  switch (place) {
    case 'call':
      return 'running calls';
    case 'static':
      return isInterpreterFile(name) ? 'the interpreter' : `static data of ${name}`;
    case 'memory':
      return name === ''
        ? 'native memory'
        : isInterpreterFile(name)
          ? 'memory of the interpreter'
          : `memory of ${name}`;
  }
}

function lostObjects(graph: HeapGraph, audit: RefcountAudit, { top, pathOf }: RefcountReportOptions): LostObjectRow[] {
  return audit.mostLost
    .filter(({ references }) => references > 1)
    .slice(0, top)
    .map(({ address, type, references }) => {
      const path = pathOf?.(indexInAscending(graph.addresses, address));
      return {
        type: qualifiedTypeName(graph.types[type]!),
        address: `0x${address.toString(16)}`,
        lost_references: references,
        ...(path === undefined ? {} : { path }),
      };
    });
}

function sumOf(column: Uint32Array | Float64Array): number {
  let sum = 0;
  for (const value of column) sum += value;
  return sum;
}

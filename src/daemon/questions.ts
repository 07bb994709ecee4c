// What can be asked about open snapshots, as plain data: from the routes to the thread that answers.

import type { InferOutput } from 'valibot';
import type {
  CompletionsQuery,
  DominatorsQuery,
  MemoryMapQuery,
  ObjectsQuery,
  RelatedQuery,
  RetainingGraphQuery,
  TypesQuery,
} from '../protocol/web/heap-views.ts';
import type { SnapshotId } from '../protocol/web/workspace.ts';

/** About one snapshot. */
export type SnapshotQuestion =
  | { readonly ask: 'report' | 'rss' | 'garbage' | 'gc' }
  | { readonly ask: 'types'; readonly query: InferOutput<typeof TypesQuery> }
  | { readonly ask: 'objects'; readonly query: InferOutput<typeof ObjectsQuery> }
  | { readonly ask: 'completions'; readonly query: InferOutput<typeof CompletionsQuery> }
  | { readonly ask: 'dominators'; readonly query: InferOutput<typeof DominatorsQuery> }
  | { readonly ask: 'dominator path' | 'object'; readonly address: string }
  | { readonly ask: 'retained tree'; readonly address?: string }
  | {
      readonly ask: 'referrers' | 'referents';
      readonly address: string;
      readonly query: InferOutput<typeof RelatedQuery>;
    }
  | {
      readonly ask: 'retaining graph';
      readonly address: string;
      readonly query: InferOutput<typeof RetainingGraphQuery>;
    }
  | { readonly ask: 'memory map'; readonly query: InferOutput<typeof MemoryMapQuery> };

export type Question =
  | { readonly snapshot: SnapshotId; readonly question: SnapshotQuestion }
  | { readonly compare: readonly SnapshotId[] };

/** Every snapshot that has to be open for an answer. */
export function snapshotsOf(asked: Question): readonly SnapshotId[] {
  if ('compare' in asked) return asked.compare;
  const { snapshot, question } = asked;
  switch (question.ask) {
    case 'types':
      return question.query.since === undefined ? [snapshot] : [snapshot, question.query.since];
    case 'objects':
      return [snapshot, ...(question.query.since ?? []), ...(question.query.also_in ?? [])];
    default:
      return [snapshot];
  }
}

// Gives an unbounded functools cache a limit: the edits that turn `cache` or `lru_cache(maxsize=None)` into
// `lru_cache(maxsize=1024)`.

import { replaceNode } from '../../edits/edits.ts';
import { useInsteadOf } from '../../edits/import-edits.ts';
import type { Edit } from '../../finding.ts';
import { keywordOf, type ScannedFile } from '../../scanned-file.ts';
import type { MemoizingCache } from './cache-decorators.ts';

/** Enough for the working set of most functions, and a few hundred kilobytes at most for small results. */
export const SUGGESTED_SIZE = 1024;

/** Undefined where the cache is written in a way that leaves no place for the limit. */
export function cacheSizeEdits(file: ScannedFile, { node, name }: MemoizingCache): readonly Edit[] | undefined {
  if (name === 'functools.cache') {
    if (node.kind === 'Call') return undefined;
    const use = useInsteadOf(file, node, 'functools', 'lru_cache');
    return use === undefined
      ? undefined
      : [replaceNode(node, `${use.expression}(maxsize=${SUGGESTED_SIZE})`), ...use.edits];
  }
  if (node.kind !== 'Call') return undefined;
  const size = node.args[0] ?? keywordOf(node, 'maxsize');
  return size?.kind === 'Constant' && size.value === null ? [replaceNode(size, String(SUGGESTED_SIZE))] : undefined;
}

// What exports call the kinds of roots.

import { RootKind } from '../graph/heap-graph.ts';

export const ROOT_KIND_TITLES: Readonly<Record<RootKind, string>> = {
  [RootKind.modules]: 'modules',
  [RootKind.thread]: 'threads',
  [RootKind.interpreter]: 'interpreter',
  [RootKind.builtins]: 'builtins',
  [RootKind.static]: 'static data',
  [RootKind.interned]: 'interned strings',
  [RootKind.native]: 'native code',
  [RootKind.hooks]: 'hooks',
};

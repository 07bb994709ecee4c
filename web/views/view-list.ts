// The views of the page, in the order of its menu: what each is called and answers, and the key that goes there after `g`.

export interface ViewEntry {
  readonly view: string;
  readonly title: string;
  readonly answers: string;
  readonly key: string;
  /** What has to be open for it to show anything. */
  readonly needs: 'process' | 'snapshot' | 'nothing';
}

export const VIEWS: readonly ViewEntry[] = [
  {
    view: 'overview',
    title: 'Overview',
    answers: 'does it leak, and who holds the memory',
    key: 'o',
    needs: 'nothing',
  },
  { view: 'types', title: 'Types', answers: 'objects and memory by type', key: 't', needs: 'snapshot' },
  {
    view: 'dominators',
    title: 'Dominators',
    answers: 'what keeps what alive, largest first',
    key: 'd',
    needs: 'snapshot',
  },
  { view: 'query', title: 'Query', answers: 'objects that meet a condition', key: 'q', needs: 'snapshot' },
  { view: 'compare', title: 'Compare', answers: 'what grew between snapshots', key: 'c', needs: 'snapshot' },
  { view: 'memory', title: 'Memory map', answers: 'where every megabyte is', key: 'm', needs: 'snapshot' },
  { view: 'garbage', title: 'Garbage & GC', answers: 'what waits for the collector', key: 'b', needs: 'snapshot' },
  {
    view: 'resources',
    title: 'Resources',
    answers: 'files, sockets and threads with their owners',
    key: 'r',
    needs: 'snapshot',
  },
  { view: 'scan', title: 'Scan', answers: 'lines of the source that will leak', key: 's', needs: 'process' },
  { view: 'snapshots', title: 'Snapshots', answers: 'take, open, export', key: 'n', needs: 'nothing' },
];

/** Views of nothing but the snapshot that is looked at. */
export const ABOUT_SNAPSHOT: ReadonlySet<string> = new Set([
  'types',
  'object',
  'dominators',
  'query',
  'memory',
  'garbage',
  'resources',
]);

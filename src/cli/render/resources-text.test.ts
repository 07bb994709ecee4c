// The section on descriptors, maps, threads and children.

import { expect, test } from 'vitest';
import type { ResourceGroup, ResourceReport } from '../../diagnose/resource-report.ts';
import { displayWidth } from './layout.ts';
import { createRenderStyle, type RenderStyle } from './render-style.ts';
import { renderResources } from './resources-text.ts';

const plain = { owners: [], owned_by_others: 0, unowned: 0, unowned_examples: [] } as const;

const report: ResourceReport = {
  descriptors: 734,
  descriptor_limit: 1024,
  groups: [
    {
      ...plain,
      kind: 'deleted files',
      name: 'files in /tmp',
      count: 12,
      bytes: 34 << 20,
      owners: [
        {
          path: 'module shop.export › global pending › […]',
          type: 'tempfile._TemporaryFileWrapper',
          count: 12,
          certain: true,
          examples: [31, 32, 33, 34, 35],
        },
      ],
    },
    {
      ...plain,
      kind: 'sockets',
      name: 'tcp to 10.0.0.5:5432',
      count: 700,
      states: { ESTABLISHED: 488, CLOSE_WAIT: 212 },
      owners: [
        {
          path: "module shop.db › global pools › ['…'] › .connections › […] › .connection › .socket",
          type: 'socket.socket',
          count: 690,
          certain: true,
          examples: [8, 10, 12, 14],
        },
        { path: 'module shop.db › global spare_fd', type: 'int', count: 1, certain: false, examples: [16] },
      ],
      owned_by_others: 4,
      unowned: 5,
      unowned_examples: [40, 41, 42, 43, 44],
    },
    {
      kind: 'memory maps',
      name: 'private anonymous memory',
      count: 21,
      bytes: 220 << 20,
      owners: [],
      owned_by_others: 0,
      unowned_examples: [],
    },
    {
      ...plain,
      kind: 'threads',
      name: 'python',
      count: 2,
      states: { sleeping: 2 },
      owners: [
        {
          path: 'module shop.jobs › global workers › […]',
          type: 'threading.Thread',
          count: 1,
          certain: true,
          examples: [77],
        },
      ],
      unowned: 1,
      unowned_examples: [78],
    },
    {
      ...plain,
      kind: 'child processes',
      name: 'convert',
      count: 3,
      states: { 'zombie (exit 1)': 3 },
      owners: [
        {
          path: 'module shop.jobs › global children › […]',
          type: 'subprocess.Popen',
          count: 3,
          certain: true,
          examples: [90, 91, 92],
        },
      ],
    },
  ],
  groups_left_out: 0,
};

const text = (of: ResourceReport, style: RenderStyle): string => `${renderResources(of, style).join('\n')}\n`;
const narrow = createRenderStyle({ columns: 80 });
const wide = createRenderStyle({ columns: 140 });

test('in 140 columns', () => {
  expect(text(report, wide)).toMatchInlineSnapshot(`
    "734 descriptors of 1,024 allowed (72 %) · 2 threads · 3 child processes
    212 sockets whose peer hung up (CLOSE_WAIT) · 3 zombies nobody waited for · 34 MB of disk in deleted files that are open
    · 5 descriptors without a Python owner
    deleted files
       12  files in /tmp  34 MB
         12  module shop.export › global pending › […] (tempfile._TemporaryFileWrapper)  fd 31, 32, 33, …
    sockets
      700  tcp to 10.0.0.5:5432  488 ESTABLISHED, 212 CLOSE_WAIT
        690  module shop.db › global pools › ['…'] › .connections › […] › .connection › .socket (socket.socket)  fd 8, 10, 12, …
          1  module shop.db › global spare_fd (int, by its name)  fd 16
          4  other Python objects
          5  no Python owner  fd 40, 41, 42, …
    memory maps
       21  private anonymous memory  220 MB
    threads
        2  python  2 sleeping
          1  module shop.jobs › global workers › […] (threading.Thread)  tid 77
          1  no Python owner  tid 78
    child processes
        3  convert  3 zombie (exit 1)
          3  module shop.jobs › global children › […] (subprocess.Popen)  pid 90, 91, 92
    "
  `);
});

test('in 80 columns', () => {
  expect(text(report, narrow)).toMatchInlineSnapshot(`
    "734 descriptors of 1,024 allowed (72 %) · 2 threads · 3 child processes
    212 sockets whose peer hung up (CLOSE_WAIT) · 3 zombies nobody waited for
    · 34 MB of disk in deleted files that are open
    · 5 descriptors without a Python owner
    deleted files
       12  files in /tmp  34 MB
         12  module shop.export › global pending › […]  fd 31, 32, 33, …
    sockets
      700  tcp to 10.0.0.5:5432  488 ESTABLISHED, 212 CLOSE_WAIT
        690  module shop.db › global poo……] › .connection › .socket  fd 8, 10, 12, …
          1  module shop.db › global spare_fd (int, by its name)  fd 16
          4  other Python objects
          5  no Python owner  fd 40, 41, 42, …
    memory maps
       21  private anonymous memory  220 MB
    threads
        2  python  2 sleeping
          1  module shop.jobs › global workers › […] (threading.Thread)  tid 77
          1  no Python owner  tid 78
    child processes
        3  convert  3 zombie (exit 1)
          3  module shop.jobs › global children › […]  pid 90, 91, 92
    "
  `);
});

test('fits, and hides what a person does not read unless asked', () => {
  const owners = Array.from({ length: 8 }, (_, i) => ({
    path: `module shop › global list${i} › […]`,
    type: '_io.FileIO',
    count: 9 - i,
    certain: true,
    examples: [i],
  }));
  const groups = Array.from(
    { length: 6 },
    (_, i): ResourceGroup => ({
      ...plain,
      kind: 'files',
      name: `files in /srv/${'long'.repeat(30)}/${i}`,
      count: 44,
      owners,
    }),
  );
  const many: ResourceReport = { descriptors: 264, groups, groups_left_out: 3 };
  const lines = renderResources(many, narrow);
  for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(80);
  expect(lines.at(-1)).toBe('5 smaller groups not shown');
  expect(lines.filter((line) => line.includes('other Python objects'))).toEqual(
    Array.from({ length: 4 }, () => '    20  other Python objects'),
  );
  const all = renderResources(many, createRenderStyle({ columns: 80, verbose: true }));
  expect(all.filter((line) => line.includes('list7'))).toHaveLength(6);
});

test('names of a hostile program cannot act on the terminal', () => {
  const [first] = report.groups;
  const hostile = { ...report, groups: [{ ...first!, name: 'files in \u001b[2J' }] };
  expect(text(hostile, wide)).not.toContain('\u001b');
});

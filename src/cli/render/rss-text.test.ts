// The text of rss: the conclusion before the figures, every part named, the unknown never hidden.

import { expect, test } from 'vitest';
import { fragmentedRss, growingRss } from '../../../test/support/rss-reports.ts';
import { displayWidth } from './layout.ts';
import { createRenderStyle } from './render-style.ts';
import { renderRssReport } from './rss-text.ts';

const narrow = createRenderStyle({ columns: 80 });
const wide = createRenderStyle({ columns: 140 });
const verbose = createRenderStyle({ columns: 140, verbose: true });

test('in 140 columns', () => {
  expect(renderRssReport(fragmentedRss, wide, { map: false })).toMatchInlineSnapshot(`
    "CPython 3.12.1 · gunicorn worker [shop] · pid 4242 · up 3 h 12 min · RSS 812 MB
    PSS 702 MB · USS 640 MB · process paused 143 ms

    402 MB of 812 MB is free in malloc, 390 MB of that in 16 arenas of threads
    fix   start the program with MALLOC_ARENA_MAX=2, or with jemalloc (LD_PRELOAD)
    note  172 MB is shared with other processes, mostly since a fork

    RESIDENT  SHARE          PART
      402 MB   50 %  ██████  free in malloc  390 MB in 16 arenas of threads
      280 MB   34 %  ████▏   live objects    172 MB shared; 3,120,002 objects
       90 MB   11 %  █▍      object buffers  1,402 blocks
       39 MB  4.8 %  ▋       file-backed     12 MB shared; code, constants
      512 KB  0.1 %          unknown         largest: 400 KB at 0x7f0000000000
    and 512 KB in 1 smaller part

     BYTES  OBJECTS  LIVE OBJECTS AND BUFFERS OF
    210 MB  184,220  module shop.users › global user_cache
     12 MB    9,002  module shop.catalog

    collector   the cyclic collector is disabled (gc.disable)
    garbage     3.0 MB in 40,000 objects; the most are held together by shop.Job.pickler → Pickler → shop.Job, with __del__ in shop.Job
    references  1,234 of _leaky.Thing objects held by no one that was found; could be held by: _leaky (defines the type)
    resources   734 descriptors of 1,024 allowed (72 %) · 17 threads
                212 sockets whose peer hung up (CLOSE_WAIT) · 10 descriptors without a Python owner
    "
  `);
});

test('in 80 columns, over time', () => {
  expect(renderRssReport(growingRss, narrow, { map: false })).toMatchInlineSnapshot(`
    "CPython 3.12.1 · gunicorn worker [shop] · pid 4242 · up 3 h 12 min · RSS 812 MB
    3 looks in 1 min · PSS 702 MB · USS 640 MB · RSS +12 MB/min
    · process paused 143, 151, 140 ms

    native memory grows +11 MB/min
    fix   update it

    RESIDENT  SHARE       GROWTH          PART
      402 MB   50 %   +11 MB/min  ██████  free in malloc  390 MB in 16 arenas of th…
      280 MB   34 %  -102 KB/min  ████▏   live objects    172 MB shared; 3,120,002 …
       90 MB   11 %  -102 KB/min  █▍      object buffers  1,402 blocks
       39 MB  4.8 %  -102 KB/min  ▋       file-backed     12 MB shared; code, const…
      512 KB  0.1 %  -102 KB/min          garbage         12 blocks
      512 KB  0.1 %  -102 KB/min          unknown         largest: 400 KB at 0x7f00…

     BYTES  OBJECTS  LIVE OBJECTS AND BUFFERS OF
    210 MB  184,220  module shop.users › global user_cache
     12 MB    9,002  module shop.catalog

    collector   the cyclic collector is disabled (gc.disable)
    garbage     3.0 MB in 40,000 objects; the most are held together by
                shop.Job.pickler → Pickler → shop.Job, with __del__ in shop.Job
    references  1,234 of _leaky.Thing objects held by no one that was found; could
                be held by: _leaky (defines the type)
    resources   734 descriptors of 1,024 allowed (72 %) · 17 threads
                212 sockets whose peer hung up (CLOSE_WAIT)
                · 10 descriptors without a Python owner
    "
  `);
});

test('with the map and everything else', () => {
  expect(renderRssReport(fragmentedRss, verbose, { map: true })).toMatchInlineSnapshot(`
    "CPython 3.12.1 · gunicorn worker [shop] · pid 4242 · up 3 h 12 min · RSS 812 MB
    PSS 702 MB · USS 640 MB · process paused 143 ms

    402 MB of 812 MB is free in malloc, 390 MB of that in 16 arenas of threads
    fix   start the program with MALLOC_ARENA_MAX=2, or with jemalloc (LD_PRELOAD)
    note  172 MB is shared with other processes, mostly since a fork

    RESIDENT  SHARE          PART
      402 MB   50 %  ██████  free in malloc  390 MB in 16 arenas of threads
      280 MB   34 %  ████▏   live objects    172 MB shared; 3,120,002 objects
       90 MB   11 %  █▍      object buffers  1,402 blocks
       39 MB  4.8 %  ▋       file-backed     12 MB shared; code, constants
      512 KB  0.1 %          garbage         12 blocks
      512 KB  0.1 %          unknown         largest: 400 KB at 0x7f0000000000

     BYTES  OBJECTS  LIVE OBJECTS AND BUFFERS OF
    210 MB  184,220  module shop.users › global user_cache
     12 MB    9,002  module shop.catalog

    OBJECTS  ARENAS  TYPE  KEEP NEARLY EMPTY ARENAS, HELD BY
        212       1  str   module shop.catalog › global names

    collector  off · thresholds 700, 10, 10 · counts 81, 2, 1
      GENERATION  OBJECTS  COLLECTIONS  COLLECTED  UNCOLLECTABLE
               0      120            9          4              0
               1       40            3          0              0
               2   81,234            1          0              0
      the cyclic collector is disabled (gc.disable)

    garbage  40,000 unreachable objects, 3.0 MB · 10,000 clusters · 0 wait for a full collection
       BYTES  OBJECTS  CLUSTERS  __DEL__   CYCLE
      3.0 MB   40,000    10,000  shop.Job  shop.Job.pickler → Pickler → shop.Job

    references  3,120,002 objects audited · 812 immortal · 1,234 references lost
      REFERENCES   LOST  OBJECTS  BYTES  TYPE
           1,234  1,234    1,234  58 KB  _leaky.Thing
      _leaky.Thing could be held by: _leaky (defines the type)

    resources
    734 descriptors of 1,024 allowed (72 %) · 17 threads
    212 sockets whose peer hung up (CLOSE_WAIT) · 10 descriptors without a Python owner
    sockets
      700  tcp to 10.0.0.5:5432  212 CLOSE_WAIT, 488 ESTABLISHED
        690  module shop.db › global pools › […] (socket.socket)  fd 7, 8, 9, …
         10  no Python owner  fd 40, 41, …
    threads
       17  python

    RESIDENT  IN USE    FREE  AT THE END  HEAPS  ARENA OF MALLOC
      128 MB  6.0 MB  122 MB      1.0 MB      3  thread 0x7f1234000030
       60 MB   48 MB   12 MB      256 KB      1  main
    12 blocks of 64 MB with mappings of their own

    RESIDENT   BYTES  UNEXPLAINED AT
      400 KB  1.0 MB  0x7f0000000000

    BLOCKS OF  POOLS  IN USE  ROOM FOR   FULL    FREE
         48 B     12     400     4,080  9.8 %  166 KB

    arenas by address, a column a pool: · unused ░ <10 % ▒ <50 % ▓ <80 % █ fuller
    0x7f0001000000    10 %  ░░▒░··░░░░
    0x7f0002000000   100 %  ██████▓▒▓█
    "
  `);
});

test('no line is wider than the terminal', () => {
  for (const style of [narrow, wide]) {
    for (const line of renderRssReport(growingRss, style, { map: true }).split('\n')) {
      expect(displayWidth(line), line).toBeLessThanOrEqual(style.width);
    }
  }
});

test('names from the target are cleaned', () => {
  const hostile = '\u001b[31mred\u0007';
  const text = renderRssReport({ ...fragmentedRss, owners: [{ path: hostile, objects: 1, bytes: 2 ** 20 }] }, wide, {
    map: false,
  });
  expect(text).not.toContain('\u001b');
  expect(text).not.toContain('\u0007');
});

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

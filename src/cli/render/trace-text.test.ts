// The text of `leakscope trace` at 80 and 140 columns, and text from a target that must not reach a terminal as it is.

import { describe, expect, test } from 'vitest';
import {
  exportedTrace,
  fileTrace,
  growingFunctions,
  growingTrace,
  heldTrace,
  stillTrace,
  tracebackTrace,
} from '../../../test/support/trace-reports.ts';
import { displayWidth } from './layout.ts';
import { createRenderStyle } from './render-style.ts';
import { renderTraceReport } from './trace-text.ts';

const narrow = createRenderStyle({ columns: 80 });
const wide = createRenderStyle({ columns: 140 });

describe('who holds it, and what is not traced', () => {
  test('80 columns', () => {
    expect(renderTraceReport(heldTrace, narrow)).toMatchInlineSnapshot(`
      "CPython 3.12.1 · shop.worker · pid 4242 · up 1 h · RSS 120 MB
      2 looks in 1 min · traced 13 MB in 33,200 blocks · peak 14 MB
      · tracemalloc’s tables 2.8 MB · 10 frames kept · process paused 12, 14 ms

      /srv/shop/users.py:12 in Registry.remember grew most: by 6.0 MB in 1 min (+6.0
      MB/min), 91 % of the growth of traced memory
      note  22 MB of the growth of resident memory (75 %) was not allocated through
            Python’s allocators, or is freed and not given back: leakscope rss 4242
            --for 1m tells which

       GROWTH   PER MINUTE    SIZE            BLOCKS  AVERAGE  ALLOCATED BY
      +6.0 MB  +6.0 MB/min   10 MB  20,000 (+12,000)    524 B  self.by_id[user.id] = …
          /srv/shop/users.py:12 in Registry.remember
          held by  module shop.users › global registry › .by_id
                   dict · 9.5 MB in 19,000 blocks, new 5.8 MB in 11,600
                   · retains 42 MB
          held by  thread worker-1 › frame serve (shop/worker.py:88) › local sessions
                   › ['…'] › .user_of_the_request_before_last
                   12 of type list · 410 KB in 900 blocks, new 102 KB in 300
                   · retains 1.0 MB
          garbage  unreachable
                   39 KB in 70 blocks, new 39 KB in 70
                   8 other holders with 11 KB
      +1.1 MB  +1.1 MB/min  1.8 MB    2,800 (+1,600)    679 B
          /usr/lib/python3.12/json/decoder.py:353

      and 2 other lines with 288 KB (+4.9 KB)
      left out 1.0 MB in 9,000 blocks (0 B): */vendor/*:3 in any frame, <unknown> (by
      default)
      RSS +30 MB: traced memory +6.6 MB, tracemalloc’s tables +1.0 MB, neither +22 MB

      not seen by tracemalloc: +22 MB, 76 % of the growth without its tables
        +7.0 MB  traced by tracemalloc
        +1.0 MB  tracemalloc’s own tables, gone when it is off
        -4.0 KB  memory of Python objects that is not traced
         +20 MB  malloc in use that no Python object owns
            0 B  free in the allocators, not given back
        +2.0 MB  outside the allocators: files, stacks, maps
         +30 MB  resident memory

      untraced blocks in use, by what leads to them
         +15 MB  +5,000 blocks  nothing: lost, as far as can be seen
        +5.0 MB     +40 blocks  fastcodec: data of fastcode…u.so and what it points to
        +8.8 KB     +12 blocks  lxml.etree: memory of lxml.etree._Document objects
      more blocks that no object owns: 5,000 of 3.0 KB, 40 of 128 KB
      could be lost by: fastcodec (called by the program), ujson (loaded)
        called at /srv/shop/images.py:41 in thumbnail
          return fastcodec.encode(pixels, quality=80)
      not known  which code called malloc for what nothing leads to: only a hook in
                 the allocator records that
      "
    `);
  });

  test('140 columns', () => {
    expect(renderTraceReport(heldTrace, wide)).toMatchInlineSnapshot(`
      "CPython 3.12.1 · shop.worker · pid 4242 · up 1 h · RSS 120 MB
      2 looks in 1 min · traced 13 MB in 33,200 blocks · peak 14 MB · tracemalloc’s tables 2.8 MB · 10 frames kept · process paused 12, 14 ms

      /srv/shop/users.py:12 in Registry.remember grew most: by 6.0 MB in 1 min (+6.0 MB/min), 91 % of the growth of traced memory
      note  22 MB of the growth of resident memory (75 %) was not allocated through Python’s allocators, or is freed and not given back: leakscope
            rss 4242 --for 1m tells which

       GROWTH   PER MINUTE    SIZE            BLOCKS  AVERAGE  ALLOCATED BY
      +6.0 MB  +6.0 MB/min   10 MB  20,000 (+12,000)    524 B  self.by_id[user.id] = User(user.id, name=name, tags=list(tags))
          /srv/shop/users.py:12 in Registry.remember
          held by  module shop.users › global registry › .by_id
                   dict · 9.5 MB in 19,000 blocks, new 5.8 MB in 11,600 · retains 42 MB
          held by  thread worker-1 › frame serve (shop/worker.py:88) › local sessions › ['…'] › .user_of_the_request_before_last
                   12 of type list · 410 KB in 900 blocks, new 102 KB in 300 · retains 1.0 MB
          garbage  unreachable
                   39 KB in 70 blocks, new 39 KB in 70
                   8 other holders with 11 KB
      +1.1 MB  +1.1 MB/min  1.8 MB    2,800 (+1,600)    679 B
          /usr/lib/python3.12/json/decoder.py:353

      and 2 other lines with 288 KB (+4.9 KB)
      left out 1.0 MB in 9,000 blocks (0 B): */vendor/*:3 in any frame, <unknown> (by default)
      RSS +30 MB: traced memory +6.6 MB, tracemalloc’s tables +1.0 MB, neither +22 MB

      not seen by tracemalloc: +22 MB, 76 % of the growth without its tables
        +7.0 MB  traced by tracemalloc
        +1.0 MB  tracemalloc’s own tables, gone when it is off
        -4.0 KB  memory of Python objects that is not traced
         +20 MB  malloc in use that no Python object owns
            0 B  free in the allocators, not given back
        +2.0 MB  outside the allocators: files, stacks, maps
         +30 MB  resident memory

      untraced blocks in use, by what leads to them
         +15 MB  +5,000 blocks  nothing: lost, as far as can be seen
        +5.0 MB     +40 blocks  fastcodec: data of fastcodec.cpython-312-x86_64-linux-gnu.so and what it points to
        +8.8 KB     +12 blocks  lxml.etree: memory of lxml.etree._Document objects
      more blocks that no object owns: 5,000 of 3.0 KB, 40 of 128 KB
      could be lost by: fastcodec (called by the program), ujson (loaded)
        called at /srv/shop/images.py:41 in thumbnail
          return fastcodec.encode(pixels, quality=80)
      not known  which code called malloc for what nothing leads to: only a hook in the allocator records that
      "
    `);
  });

  test('verbose lists every holder', () => {
    const text = renderTraceReport(heldTrace, createRenderStyle({ columns: 140, verbose: true }));
    expect(text).toContain('no Python object');
    expect(text).toContain('7 other holders with 2.0 KB');
  });
});

describe('the lines that grow', () => {
  test('80 columns', () => {
    expect(renderTraceReport(growingTrace, narrow)).toMatchInlineSnapshot(`
      "CPython 3.12.1 · shop.worker · pid 4242 · up 1 h · RSS 120 MB
      2 looks in 1 min · traced 13 MB in 33,200 blocks · peak 14 MB
      · tracemalloc’s tables 2.8 MB · 10 frames kept · process paused 12, 14 ms

      /srv/shop/users.py:12 in Registry.remember grew most: by 6.0 MB in 1 min (+6.0
      MB/min), 91 % of the growth of traced memory
      note  22 MB of the growth of resident memory (75 %) was not allocated through
            Python’s allocators, or is freed and not given back: leakscope rss 4242
            --for 1m tells which

       GROWTH   PER MINUTE    SIZE            BLOCKS  AVERAGE  ALLOCATED BY
      +6.0 MB  +6.0 MB/min   10 MB  20,000 (+12,000)    524 B  self.by_id[user.id] = …
          /srv/shop/users.py:12 in Registry.remember
      +1.1 MB  +1.1 MB/min  1.8 MB    2,800 (+1,600)    679 B
          /usr/lib/python3.12/json/decoder.py:353
      -586 KB  -586 KB/min  293 KB    1,000 (-2,000)    300 B  cart.append(item)
          /srv/shop/carts.py:7 in add

      and 2 other lines with 288 KB (+4.9 KB)
      left out 1.0 MB in 9,000 blocks (0 B): */vendor/*:3 in any frame, <unknown> (by
      default)
      RSS +30 MB: traced memory +6.6 MB, tracemalloc’s tables +1.0 MB, neither +22 MB
      "
    `);
  });

  test('140 columns', () => {
    expect(renderTraceReport(growingTrace, wide)).toMatchInlineSnapshot(`
      "CPython 3.12.1 · shop.worker · pid 4242 · up 1 h · RSS 120 MB
      2 looks in 1 min · traced 13 MB in 33,200 blocks · peak 14 MB · tracemalloc’s tables 2.8 MB · 10 frames kept · process paused 12, 14 ms

      /srv/shop/users.py:12 in Registry.remember grew most: by 6.0 MB in 1 min (+6.0 MB/min), 91 % of the growth of traced memory
      note  22 MB of the growth of resident memory (75 %) was not allocated through Python’s allocators, or is freed and not given back: leakscope
            rss 4242 --for 1m tells which

       GROWTH   PER MINUTE    SIZE            BLOCKS  AVERAGE  ALLOCATED BY
      +6.0 MB  +6.0 MB/min   10 MB  20,000 (+12,000)    524 B  self.by_id[user.id] = User(user.id, name=name, tags=list(tags))
          /srv/shop/users.py:12 in Registry.remember
      +1.1 MB  +1.1 MB/min  1.8 MB    2,800 (+1,600)    679 B
          /usr/lib/python3.12/json/decoder.py:353
      -586 KB  -586 KB/min  293 KB    1,000 (-2,000)    300 B  cart.append(item)
          /srv/shop/carts.py:7 in add

      and 2 other lines with 288 KB (+4.9 KB)
      left out 1.0 MB in 9,000 blocks (0 B): */vendor/*:3 in any frame, <unknown> (by default)
      RSS +30 MB: traced memory +6.6 MB, tracemalloc’s tables +1.0 MB, neither +22 MB
      "
    `);
  });

  test('by function', () => {
    expect(renderTraceReport(growingFunctions, wide)).toMatchInlineSnapshot(`
      "CPython 3.12.1 · shop.worker · pid 4242 · up 1 h · RSS 120 MB
      2 looks in 1 min · traced 13 MB in 33,200 blocks · peak 14 MB · tracemalloc’s tables 2.8 MB · 10 frames kept · process paused 12, 14 ms

      /srv/shop/users.py:12 in Registry.remember grew most: by 6.0 MB in 1 min (+6.0 MB/min), 91 % of the growth of traced memory
      note  22 MB of the growth of resident memory (75 %) was not allocated through Python’s allocators, or is freed and not given back: leakscope
            rss 4242 --for 1m tells which

       GROWTH   PER MINUTE    SIZE            BLOCKS  AVERAGE  ALLOCATED BY
      +6.0 MB  +6.0 MB/min   10 MB  20,000 (+12,000)    524 B  self.by_id[user.id] = User(user.id, name=name, tags=list(tags))
          /srv/shop/users.py:12 in Registry.remember
      +1.1 MB  +1.1 MB/min  1.8 MB    2,800 (+1,600)    679 B
          /usr/lib/python3.12/json/decoder.py:353
      -581 KB  -581 KB/min  386 KB    1,310 (-1,990)    302 B  cart.append(item)
          /srv/shop/carts.py:7 in add

      and 1 other function with 195 KB (0 B)
      left out 1.0 MB in 9,000 blocks (0 B): */vendor/*:3 in any frame, <unknown> (by default)
      RSS +30 MB: traced memory +6.6 MB, tracemalloc’s tables +1.0 MB, neither +22 MB
      "
    `);
  });

  test('nothing grew', () => {
    expect(renderTraceReport(stillTrace, narrow)).toMatchInlineSnapshot(`
      "CPython 3.12.1 · shop.worker · pid 4242 · up 1 h · RSS 120 MB
      2 looks in 1 min · traced 6.8 MB in 21,590 blocks · peak 7.8 MB
      · tracemalloc’s tables 1.9 MB · 10 frames kept · process paused 12, 14 ms

      traced memory did not grow in 1 min; /srv/shop/carts.py:7 in add grew by 586 KB
      all the same

       GROWTH   PER MINUTE    SIZE           BLOCKS  AVERAGE  ALLOCATED BY
      -6.0 MB  -6.0 MB/min  4.0 MB  8,000 (-12,000)    524 B  self.by_id[user.id] = U…
          /srv/shop/users.py:12 in Registry.remember
      -1.1 MB  -1.1 MB/min  684 KB   1,200 (-1,600)    583 B
          /usr/lib/python3.12/json/decoder.py:353
      +586 KB  +586 KB/min  879 KB   3,000 (+2,000)    300 B  cart.append(item)
          /srv/shop/carts.py:7 in add

      and 2 other lines with 283 KB (-4.9 KB)
      left out 1.0 MB in 9,000 blocks (0 B): */vendor/*:3 in any frame, <unknown> (by
      default)
      RSS -30 MB: traced memory -6.6 MB, tracemalloc’s tables -1.0 MB, neither -22 MB
      "
    `);
  });
});

test('one look: tracebacks at 80 columns', () => {
  expect(renderTraceReport(tracebackTrace, narrow)).toMatchInlineSnapshot(`
    "CPython 3.12.1 · shop.worker · pid 4242 · up 1 h · RSS 120 MB
    traced 4.0 MB in 16,000 blocks · peak 5.0 MB · tracemalloc’s tables 1.4 MB
    · 10 frames kept · process paused 12 ms

    /usr/lib/python3.12/json/decoder.py:353 allocated the most: 2.0 MB in 5,000
    blocks, 50 % of what is traced

      SIZE  BLOCKS  AVERAGE  ALLOCATED BY
    2.0 MB   5,000    419 B
        /srv/shop/__main__.py:4
        /srv/shop/carts.py:9 in add
          log.debug("added")
        /srv/shop/users.py:30 in Registry.load
          return json.loads(text)
        /usr/lib/python3.12/json/decoder.py:353

    and 1 other traceback with 1.0 MB
    left out 1.0 MB in 9,000 blocks: */vendor/*:3 in any frame, <unknown> (by
    default)
    "
  `);
});

test('one look: files at 140 columns', () => {
  expect(renderTraceReport(fileTrace, wide)).toMatchInlineSnapshot(`
    "CPython 3.12.1 · shop.worker · pid 4242 · up 1 h · RSS 120 MB
    traced 4.0 MB in 16,000 blocks · peak 5.0 MB · tracemalloc’s tables 1.4 MB · 10 frames kept · process paused 12 ms

    /srv/shop/users.py allocated the most: 2.0 MB in 5,000 blocks, 50 % of what is traced

      SIZE  BLOCKS  AVERAGE  FILE
    2.0 MB   5,000    419 B  /srv/shop/users.py
    1.0 MB   2,000    524 B  /usr/lib/python3.12/json/decoder.py

    left out 1.0 MB in 9,000 blocks: <unknown> (by default)
    "
  `);
});

test('no line is wider than the terminal', () => {
  for (const report of [growingTrace, heldTrace, growingFunctions, stillTrace, tracebackTrace, fileTrace]) {
    for (const line of renderTraceReport(report, narrow).split('\n'))
      expect(displayWidth(line)).toBeLessThanOrEqual(80);
  }
});

test('text of the target is made safe', () => {
  const row = { ...growingTrace.rows[0]!, file: '/srv/\x1b[2Jevil.py', code: 'x = "\u202e"', function: 'f\n' };
  const text = renderTraceReport({ ...growingTrace, rows: [row], summary: 'a\x07b' }, narrow);
  expect(text).toContain('/srv/\\x1b[2Jevil.py:12 in f\\x0a');
  expect(text).toContain('x = "\\u202e"');
  expect(text).toContain('a\\x07b');
});

test('a profile that was written: what it gives, and how to open it', () => {
  const text = renderTraceReport(exportedTrace, narrow);
  expect(text.slice(text.indexOf('\n\ngrowth'))).toMatchInlineSnapshot(`
    "

    growth.pb.gz  34 KB · pprof · 1,234 stacks
    gives      growth_space, inuse_objects, inuse_space, growth_objects,
               shrink_objects, shrink_space
    open with  go tool pprof -http=: FILE; or Pyroscope
    "
  `);
});

import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import {
  healthyReport,
  inconclusiveReport,
  leakReport,
  twoFindingsReport,
} from '../../../test/support/find-reports.ts';
import type { FindReport } from '../../diagnose/find-report.ts';
import { renderFindReport } from './find-text.ts';
import { displayWidth } from './layout.ts';
import { createRenderStyle } from './render-style.ts';

function text(report: FindReport, columns = 80, verbose = false): string {
  return renderFindReport(report, createRenderStyle({ columns, verbose }));
}

test('a leak: verdict, holder, line, advice', () => {
  expect(text(leakReport, 140)).toMatchInlineSnapshot(`
    "CPython 3.12.1 · gunicorn worker [shop] · pid 4242 · up 3 h 12 min · RSS 812 MB
    3 snapshots in 60 s · process paused 41, 44, 47 ms · 2,110,480 objects, 640 MB

    LEAK  +1.9 MB/min · +12,400 objects/min · reaches its 1.5 GB limit in about 6 h
    shop.users.user_cache grows +1.9 MB/min without a bound in sight

    1  shop.users.user_cache  dict · 184,220 entries · +3,070/min · retains 402 MB (49 %)
       held by    module shop.users › global user_cache
       what       global container, high confidence
       grows      shop.users.User +3,070/min, 2.2 KB each · dict +3,070/min, 232 B each
       grows at   shop/users.py:31            user_cache[user_id] = user_data   in get_user
       called at  shop/views/profile.py:112   user = users.get_user(request.user_id)   in ProfileView.get
       because    grew steadily over 7 measurements; written at 1 place, removed from nowhere in the source
       fix        bound it, e.g. functools.lru_cache(maxsize=…)

    not leaking: 38 MB free inside pymalloc arenas · 12 MB free in malloc · 96 MB file-backed
    "
  `);
});

test('who allocated what the holder gained', () => {
  const [finding] = leakReport.findings;
  const frame = (line: number, name: string, code: string) => ({ file: 'shop/users.py', line, function: name, code });
  const allocations = {
    blocks: 61_400,
    bytes: 1.9 * 2 ** 20,
    tracebacks: [
      {
        blocks: 60_000,
        bytes: 1.7 * 2 ** 20,
        frames: [
          { file: '/usr/lib/python3.12/site-packages/gunicorn/workers/sync.py', line: 178, function: 'handle_request' },
          frame(31, 'get_user', 'user_cache[user_id] = load(user_id)'),
          frame(50, 'load', 'return User(user_id, {"name": name})'),
        ],
      },
      { blocks: 1000, bytes: 100_000, frames: [frame(31, 'get_user', 'user_cache[user_id] = load(user_id)')] },
      { blocks: 100, bytes: 10_000, frames: [{ file: '<frozen importlib._bootstrap>', line: 241 }] },
    ],
    other_tracebacks: { tracebacks: 4, blocks: 300, bytes: 30_000 },
  };
  const report = { ...leakReport, findings: [{ ...finding!, allocations }] };
  expect(text(report, 100)).toMatchInlineSnapshot(`
    "CPython 3.12.1 · gunicorn worker [shop] · pid 4242 · up 3 h 12 min · RSS 812 MB
    3 snapshots in 60 s · process paused 41, 44, 47 ms · 2,110,480 objects, 640 MB

    LEAK  +1.9 MB/min · +12,400 objects/min · reaches its 1.5 GB limit in about 6 h
    shop.users.user_cache grows +1.9 MB/min without a bound in sight

    1  shop.users.user_cache  dict · 184,220 entries · +3,070/min · retains 402 MB (49 %)
       held by    module shop.users › global user_cache
       what       global container, high confidence
       grows      shop.users.User +3,070/min, 2.2 KB each · dict +3,070/min, 232 B each
       grows at   shop/users.py:31            user_cache[user_id] = user_data   in get_user
       called at  shop/views/profile.py:112
                  user = users.get_user(request.user_id)   in ProfileView.get
       allocated  1.9 MB in 61,400 new blocks, of them
                  1.7 MB in 60,000 blocks by shop/users.py:50 in load
                    return User(user_id, {"name": name})
                    called from shop/users.py:31 in get_user
                    · /usr/lib/python3.12/site-packages/gu…rkers/sync.py:178 in handle_request
                  98 KB in 1,000 blocks by shop/users.py:31 in get_user
                    user_cache[user_id] = load(user_id)
                  and 39 KB by 5 other tracebacks
       because    grew steadily over 7 measurements; written at 1 place, removed from nowhere in the
                  source
       fix        bound it, e.g. functools.lru_cache(maxsize=…)

    not leaking: 38 MB free inside pymalloc arenas · 12 MB free in malloc · 96 MB file-backed
    "
  `);
  for (const columns of [80, 140]) {
    expect(
      text(report, columns)
        .split('\n')
        .filter((line) => displayWidth(line) > columns),
    ).toEqual([]);
  }
});

test('a leak in 80 columns', () => {
  expect(text(leakReport)).toMatchInlineSnapshot(`
    "CPython 3.12.1 · gunicorn worker [shop] · pid 4242 · up 3 h 12 min · RSS 812 MB
    3 snapshots in 60 s · process paused 41, 44, 47 ms · 2,110,480 objects, 640 MB

    LEAK  +1.9 MB/min · +12,400 objects/min · reaches its 1.5 GB limit in about 6 h
    shop.users.user_cache grows +1.9 MB/min without a bound in sight

    1  shop.users.user_cache
       dict · 184,220 entries · +3,070/min · retains 402 MB (49 %)
       held by    module shop.users › global user_cache
       what       global container, high confidence
       grows      shop.users.User +3,070/min, 2.2 KB each
                  · dict +3,070/min, 232 B each
       grows at   shop/users.py:31
                  user_cache[user_id] = user_data   in get_user
       called at  shop/views/profile.py:112
                  user = users.get_user(request.user_id)   in ProfileView.get
       because    grew steadily over 7 measurements; written at 1 place, removed
                  from nowhere in the source
       fix        bound it, e.g. functools.lru_cache(maxsize=…)

    not leaking: 38 MB free inside pymalloc arenas · 12 MB free in malloc
                 · 96 MB file-backed
    "
  `);
});

test('long paths, long lines and a weaker second finding wrap without losing the place to copy', () => {
  expect(text(twoFindingsReport)).toMatchInlineSnapshot(`
    "CPython 3.12.1 · gunicorn worker [shop] · pid 4242 · up 3 h 12 min · RSS 812 MB
    3 snapshots in 60 s · process paused 41, 44, 47 ms · 2,110,480 objects, 640 MB

    LEAK  +1.9 MB/min · +12,400 objects/min · reaches its 1.5 GB limit in about 6 h
    shop.users.user_cache grows +1.9 MB/min without a bound in sight

    1  shop.users.user_cache
       dict · 184,220 entries · +3,070/min · retains 402 MB (49 %)
       held by    module shop.users › global user_cache
       what       global container, high confidence
       grows      shop.users.User +3,070/min, 2.2 KB each
                  · dict +3,070/min, 232 B each
       grows at   shop/users.py:31
                  user_cache[user_id] = user_data   in get_user
       called at  shop/views/profile.py:112
                  user = users.get_user(request.user_id)   in ProfileView.get
       because    grew steadily over 7 measurements; written at 1 place, removed
                  from nowhere in the source
       fix        bound it, e.g. functools.lru_cache(maxsize=…)

    2  shop.events.dispatcher.registry.default_dispatcher.listeners_by_topic
       shop.events.dispatcher.registry.ListenerList · 4,102 entries of at most 5,000
       · +61/min · retains 3.1 MB (0.4 %) · suspect
       held by    module shop.events.dispatcher.registry › global default_dispatcher
                  › .listeners_by_topic › ['…'] › [12]
       also by    thread MainThread › frame serve (shop/main.py:88)
                  › local dispatcher › .listeners_by_topic
       what       listener registry, medium confidence
       grows      method +61/min, 64 B each
       grows at   /srv/releases/2026-11-20T08-12-44/lib/python3.12/site-packages/shop/events/dispatcher/registry.py:1048
                  self.listeners_by_topic.setdefault(topic, ListenerList()).append(…
                  in ListenerRegistry.subscribe (file changed since the process
                  started)
       shrinks at shop/events/dispatcher/registry.py:1066
                  listeners.remove(listener)   in ListenerRegistry.unsubscribe
       because    subscribe is called once per request; unsubscribe was not seen to
                  be called from any code that runs
       fix        call unsubscribe when the request ends, or keep the listeners in a
                  weakref.WeakSet

    not leaking: 38 MB free inside pymalloc arenas · 12 MB free in malloc
                 · 96 MB file-backed
    4 problems of 2 kinds while reading; --verbose lists them
    "
  `);
});

test('problems are listed only when asked for', () => {
  const lines = text(twoFindingsReport, 140, true).split('\n');
  expect(lines.slice(lines.indexOf('problems while reading:')).join('\n')).toMatchInlineSnapshot(`
    "problems while reading:
      3 × torn-dict: a dict changed size while it was copied; its entries were read as far as they agree (0x7f31c0a41200, 0x7f31c0a41300,
        0x7f31c0a41400)
      1 × unknown-keys-kind: dict keys of an unknown kind
    "
  `);
});

test('healthy is one calm line and what was checked', () => {
  expect(text(healthyReport, 140)).toMatchInlineSnapshot(`
    "CPython 3.12.1 · gunicorn worker [shop] · pid 4242 · up 3 h 12 min · RSS 812 MB
    3 snapshots in 60 s · process paused 41, 44, 47 ms · 2,110,480 objects, 640 MB

    HEALTHY  nothing grows steadily: live objects changed by +12 KB/min in 60 s

    checked: shop.users.session_cache stays at its bound of 10,000 entries · garbage is collected every 4 s
    "
  `);
});

test('inconclusive says why', () => {
  expect(text(inconclusiveReport)).toMatchInlineSnapshot(`
    "CPython 3.12.1 · gunicorn worker [shop] · pid 4242 · up 3 h 12 min · RSS 812 MB

    COULD NOT TELL  not enough evidence: the program ended (exit status 0) after 4 s
    What helps: observe longer (--for 10m), or while the program has work to do.
    "
  `);
});

test('a holder that shares what it holds says so beside its small retained size', () => {
  const finding = leakReport.findings[0]!;
  const shared = { ...finding, holder: { ...finding.holder, retained_bytes: 64, retained_share: 0.0000001 } };
  expect(text({ ...leakReport, findings: [shared] }, 140)).toContain(
    'retains 64 B (<0.1 %) alone, the rest with others',
  );
  expect(text(leakReport, 140)).not.toContain('with others');
});

test('only the first findings are shown, the rest counted', () => {
  const finding = leakReport.findings[0]!;
  const findings = Array.from({ length: 8 }, (_, index) => ({ ...finding, rank: index + 1 }));
  expect(text({ ...leakReport, findings })).toContain('3 more findings; --verbose shows all');
  expect(text({ ...leakReport, findings }, 80, true)).toMatch(/^8 {2}shop\.users\.user_cache/m);
});

test('no line is wider than the terminal', () => {
  for (const columns of [80, 97, 140]) {
    for (const report of [leakReport, twoFindingsReport, healthyReport, inconclusiveReport]) {
      for (const line of text(report, columns, true).split('\n')) {
        // A file and line is never broken: it is there to be copied.
        if (!/^ +(?:grows at +)?\/srv\S+:\d+$/.test(line))
          expect(displayWidth(line), line).toBeLessThanOrEqual(columns);
      }
    }
  }
});

test('colour changes nothing but colour', () => {
  const coloured = renderFindReport(twoFindingsReport, createRenderStyle({ columns: 100, colour: true }));
  expect(coloured).toContain('\u001b[31m');
  expect(stripVTControlCharacters(coloured)).toBe(text(twoFindingsReport, 100));
});

test('names chosen by the target cannot act on the terminal', () => {
  const hostile = 'a\u001b]0;owned\u0007\u202eb\nc';
  const finding = leakReport.findings[0]!;
  const output = text({
    ...leakReport,
    target: { ...leakReport.target, app: hostile },
    findings: [{ ...finding, holder: { ...finding.holder, name: hostile, path: hostile, type: hostile } }],
    not_leaking: [hostile],
  });
  expect(output).not.toMatch(/[\u001b\u0007\u202e]/u);
  expect(output).toContain('a\\x1b]0;owned\\x07\\u202eb\\x0ac');
});

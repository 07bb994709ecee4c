// Find reports for tests of what prints them: one of each verdict, with invented figures.

import { FIND_SCHEMA, type Finding, type FindReport } from '../../src/diagnose/find-report.ts';

export const cacheFinding: Finding = {
  rank: 1,
  kind: 'global container',
  confidence: 'high',
  verdict: 'leak',
  holder: {
    path: 'module shop.users › global user_cache',
    name: 'shop.users.user_cache',
    type: 'dict',
    address: '0x7f31c0a41200',
    entries: 184_220,
    retained_bytes: 402 * 2 ** 20,
    retained_share: 0.49,
  },
  growth: {
    entries_per_minute: 3070,
    bytes_per_minute: 1.9 * 2 ** 20,
    objects_per_minute: 12_280,
    types: [
      { type: 'shop.users.User', objects_per_minute: 3070, bytes_per_minute: 3070 * 2253 },
      { type: 'dict', objects_per_minute: 3070, bytes_per_minute: 3070 * 232 },
    ],
    series: [
      [0, 181_150],
      [30, 182_685],
      [60, 184_220],
    ],
  },
  sites: [
    {
      file: 'shop/users.py',
      line: 31,
      function: 'get_user',
      basis: 'writes holder',
      code_excerpt_allowed: true,
      code: 'user_cache[user_id] = user_data',
    },
    {
      file: 'shop/views/profile.py',
      line: 112,
      function: 'ProfileView.get',
      basis: 'calls writer',
      code_excerpt_allowed: true,
      code: 'user = users.get_user(request.user_id)',
    },
  ],
  shrinks: [],
  other_paths: [],
  because: ['grew steadily over 7 measurements', 'written at 1 place, removed from nowhere in the source'],
  advice: 'bound it, e.g. functools.lru_cache(maxsize=…)',
};

const listenerFinding: Finding = {
  rank: 2,
  kind: 'listener registry',
  confidence: 'medium',
  verdict: 'suspect',
  holder: {
    path: "module shop.events.dispatcher.registry › global default_dispatcher › .listeners_by_topic › ['…'] › [12]",
    name: 'shop.events.dispatcher.registry.default_dispatcher.listeners_by_topic',
    type: 'shop.events.dispatcher.registry.ListenerList',
    address: '0x7f31c0a41800',
    entries: 4102,
    bound: 5000,
    retained_bytes: 3.1 * 2 ** 20,
    retained_share: 0.004,
  },
  growth: {
    entries_per_minute: 61,
    bytes_per_minute: 48_000,
    objects_per_minute: 122,
    types: [{ type: 'method', objects_per_minute: 61, bytes_per_minute: 61 * 64 }],
    series: [
      [0, 4041],
      [60, 4102],
    ],
  },
  sites: [
    {
      file: '/srv/releases/2026-11-20T08-12-44/lib/python3.12/site-packages/shop/events/dispatcher/registry.py',
      line: 1048,
      function: 'ListenerRegistry.subscribe',
      basis: 'writes holder',
      code_excerpt_allowed: true,
      code: 'self.listeners_by_topic.setdefault(topic, ListenerList()).append(weak_or_strong(listener, keep_alive=True))',
      source_changed: true,
    },
  ],
  shrinks: [
    {
      file: 'shop/events/dispatcher/registry.py',
      line: 1066,
      function: 'ListenerRegistry.unsubscribe',
      basis: 'writes holder',
      code_excerpt_allowed: true,
      code: 'listeners.remove(listener)',
    },
  ],
  other_paths: ['thread MainThread › frame serve (shop/main.py:88) › local dispatcher › .listeners_by_topic'],
  because: ['subscribe is called once per request; unsubscribe was not seen to be called from any code that runs'],
  advice: 'call unsubscribe when the request ends, or keep the listeners in a weakref.WeakSet',
};

export const leakReport: FindReport = {
  schema: FIND_SCHEMA,
  target: {
    pid: 4242,
    python: 'CPython 3.12.1',
    app: 'gunicorn worker [shop]',
    uptime_seconds: 11_520,
    rss_bytes: 812 * 2 ** 20,
    memory_limit_bytes: 1.5 * 2 ** 30,
  },
  verdict: 'leak',
  summary: 'shop.users.user_cache grows +1.9 MB/min without a bound in sight',
  observed_seconds: 60,
  growth: {
    bytes_per_minute: 1.9 * 2 ** 20,
    objects_per_minute: 12_400,
    rss_bytes_per_minute: 2 * 2 ** 20,
    seconds_to_limit: 22_000,
  },
  pauses_ms: [41.2, 44, 46.9],
  captures: [41.2, 44, 46.9].map((ms) => ({
    copied_bytes: 640 * 2 ** 20,
    skipped_bytes: 0,
    phases: [
      { name: 'copy while running', bytes: 620 * 2 ** 20, ms: 410 },
      { name: 'stop', bytes: 0, ms: 1.1 },
      { name: 'copy while stopped', bytes: 20 * 2 ** 20, ms: ms - 1.1 },
    ],
  })),
  heap: { objects: 2_110_480, bytes: 640 * 2 ** 20, garbage_objects: 120, garbage_bytes: 14_400 },
  findings: [cacheFinding],
  resident: [{ name: 'live objects', bytes: 402 << 20, bytes_per_minute: 1.9 * 2 ** 20 }],
  not_leaking: ['38 MB free inside pymalloc arenas', '12 MB free in malloc', '96 MB file-backed'],
  problems: [],
};

export const twoFindingsReport: FindReport = {
  ...leakReport,
  findings: [cacheFinding, listenerFinding],
  problems: [
    {
      code: 'torn-dict',
      message: 'a dict changed size while it was copied; its entries were read as far as they agree',
      count: 3,
      examples: ['0x7f31c0a41200', '0x7f31c0a41300', '0x7f31c0a41400'],
    },
    { code: 'unknown-keys-kind', message: 'dict keys of an unknown kind', count: 1, examples: [] },
  ],
};

export const healthyReport: FindReport = {
  ...leakReport,
  verdict: 'healthy',
  summary: 'nothing grows steadily: live objects changed by +12 KB/min in 60 s',
  growth: { bytes_per_minute: 0, objects_per_minute: 12, rss_bytes_per_minute: 0 },
  findings: [],
  resident: [],
  not_leaking: ['shop.users.session_cache stays at its bound of 10,000 entries', 'garbage is collected every 4 s'],
};

export const inconclusiveReport: FindReport = {
  ...leakReport,
  verdict: 'inconclusive',
  summary: 'not enough evidence: the program ended (exit status 0) after 4 s',
  observed_seconds: 4,
  growth: { bytes_per_minute: 0, objects_per_minute: 0, rss_bytes_per_minute: 0 },
  pauses_ms: [],
  captures: [],
  heap: { objects: 0, bytes: 0, garbage_objects: 0, garbage_bytes: 0 },
  findings: [],
  resident: [],
  not_leaking: [],
};

// Three snapshots of one drawn service: a global cache that grows by two users each time, beside things that do not.

import type { SnapshotFacts } from '../../src/diagnose/snapshot-facts.ts';
import { graphFromText, type TextGraph } from './graph-from-text.ts';

/** The service with `users` cached users; user N stands at address 0x8000 + N * 0x100. */
export function drawServiceHeap(users: number): TextGraph {
  const statements = [
    'root modules sys.modules -> modules -> m [value 0] -> mdict [field __dict__] -> cache [global user_cache]',
    'mdict -> limit [global recent]',
    'root thread MainThread -> thread -> frame [field frame] -> config [local config]',
    'garbage1 -> garbage2 -> garbage1',
    'type modules dict; type m module; type mdict dict; type cache dict; type limit collections.deque; type config dict',
    'type thread thread; type frame frame; type garbage1 shop.jobs.Job; type garbage2 dict',
    'label m shop.users; flags m code; flags mdict namespace; label thread MainThread; flags thread synthetic',
    'label frame serve (shop/main.py:88); flags frame synthetic code',
    'size modules 64; size m 64; size mdict 240; size config 4096; size limit 640; size garbage1 48; size garbage2 64',
    `size cache ${240 + 104 * users}; entries cache ${users}; entries limit 0; entries config 8`,
    // Addresses of what every snapshot has.
    ...['modules', 'm', 'mdict', 'cache', 'limit', 'thread', 'frame', 'config', 'garbage1', 'garbage2'].map(
      (name, index) => `address ${name} ${0x1000 + 0x100 * index}`,
    ),
  ];
  for (let n = 0; n < users; n++) {
    statements.push(
      `cache -> user${n} [value ${n}] -> attributes${n} [field __dict__] -> name${n} [attribute profile]`,
      `type user${n} shop.users.User; type attributes${n} dict; type name${n} str; flags attributes${n} namespace`,
      `size user${n} 48; size attributes${n} 104; size name${n} 2048`,
      ...['user', 'attributes', 'name'].map((name, i) => `address ${name}${n} ${0x8000 + 0x100 * n + 0x40 * i}`),
    );
  }
  return graphFromText(statements.join('\n'));
}

export function drawnFacts(file: string, minute: number): SnapshotFacts {
  return {
    file,
    pid: 4242,
    python: 'CPython 3.12.1',
    app: 'gunicorn worker [shop]',
    taken_at: `2026-11-20T08:${String(minute).padStart(2, '0')}:44.120Z`,
  };
}

// L07: an attribute of a long-lived object that only grows.

import { growingContainers } from '../../growth/growing-containers.ts';
import { growthFinding } from '../../growth/growth-finding.ts';
import { tellGrowth } from '../../growth/plain-growth.ts';
import type { Rule } from '../../rule.ts';

export const instanceAttrGrows: Rule = {
  name: 'instance-attr-grows',
  code: 'L07',
  cause: 'long-running process',
  sameAs: [],
  words: ['class'],
  doc: {
    what: 'A list, dict or set of an object that lives long, such as a bus, manager, server or worker, which methods add to and nothing takes from.',
    why: 'As long as the object lives, so does all that was put into it. In an object that is kept by a module or serves until the process ends, that is for good.',
    evidence:
      'The container is made in `__init__` (or as a field); a method that a request handler, task, callback or endless loop reaches adds to it without end; no method removes, clears, rebinds or limits it; and the object lives long: a module variable or another long-lived object keeps it, it is a thread, server or middleware, or it loops until it is stopped. Likely, whatever the object: an entry that is counted up and down and kept at 0, and a list of things to be done (`_waiters`, `_on_shutdown`) that is gone through and not emptied. Otherwise it is listed as low: most objects that only collect are builders, and die with their work.',
    fix: 'Remove what is done with (an `unsubscribe`, a `pop` when the work ends), or keep a limited number. The unsafe fix drops the oldest.',
    ignore: 'When the object dies with the work it was made for.',
    example: {
      leaks: `
class EventBus:
    def __init__(self):
        self.listeners = {}

    def subscribe(self, event, listener):
        self.listeners.setdefault(event, []).append(listener)

bus = EventBus()

def page(request):
    bus.subscribe("changed", lambda: request.user)
`,
      fine: `
class EventBus:
    def __init__(self):
        self.listeners = {}

    def subscribe(self, event, listener):
        self.listeners.setdefault(event, []).append(listener)

    def unsubscribe(self, event, listener):
        self.listeners[event].remove(listener)

bus = EventBus()

def page(request):
    bus.subscribe("changed", lambda: request.user)
`,
    },
  },
  check(file, report) {
    for (const growing of growingContainers(file)) {
      if (growing.family !== 'plain' || growing.container.form !== 'instance attribute') continue;
      report(growthFinding(file, growing, tellGrowth(file, growing)));
    }
  },
};

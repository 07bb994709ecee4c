// G01: a module's container that functions add to and nothing takes from.

import { growingContainers } from '../../growth/growing-containers.ts';
import { growthFinding } from '../../growth/growth-finding.ts';
import { tellGrowth } from '../../growth/plain-growth.ts';
import type { Rule } from '../../rule.ts';

export const moduleContainerGrows: Rule = {
  name: 'module-container-grows',
  code: 'G01',
  cause: 'global state',
  sameAs: [],
  doc: {
    what: 'A list, dict, set or deque in a module variable that code adds to again and again, while nothing takes anything out.',
    why: 'A module lives as long as the process, and so does everything its variables hold. What every request or message adds is never freed.',
    evidence:
      'Three facts make it certain: the variable is a container of the module; a function that a request handler, task, callback or endless loop reaches adds to it; and what it adds never ends (every run appends, or the key comes from a parameter, a request, an object). Nothing in the project removes, clears, rebinds or limits it. With two facts of three it is listed as low; entries that are counted up and down and kept at 0 are likely. Registries that import fills, keys that are classes or constants, and tables filled once behind a flag are left out.',
    fix: 'Remove what is done with, or keep a limited number: `deque(maxlen=…)`, or drop the oldest entry when the container is full, which the unsafe fix does.',
    ignore: 'When the keys come from a short list that the code does not show, such as names in a configuration.',
    example: {
      leaks: `
from flask import Flask

app = Flask(__name__)
EVENTS = []

@app.route("/buy/<item>")
def buy(item):
    EVENTS.append(("buy", item))
    return "ok"
`,
      fine: `
from collections import deque
from flask import Flask

app = Flask(__name__)
EVENTS = deque(maxlen=500)

@app.route("/buy/<item>")
def buy(item):
    EVENTS.append(("buy", item))
    return "ok"
`,
    },
  },
  check(file, report) {
    for (const growing of growingContainers(file)) {
      if (growing.family !== 'plain' || growing.container.form !== 'global') continue;
      report(growthFinding(file, growing, tellGrowth(file, growing)));
    }
  },
};

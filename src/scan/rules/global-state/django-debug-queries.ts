// G10: Django that records every SQL query: DEBUG written into production settings, and workers that query in a loop.

import type { Node, While } from '../../../source/python-ast.ts';
import { isInside } from '../../lifetimes/receivers.ts';
import type { Report, Rule } from '../../rule.ts';
import type { ScannedFile } from '../../scanned-file.ts';

export const djangoDebugQueries: Rule = {
  name: 'django-debug-queries',
  code: 'G10',
  cause: 'global state',
  sameAs: [],
  words: ['DEBUG', 'BaseCommand'],
  doc: {
    what: 'Django settings for production with `DEBUG = True`, and management commands that query the database in an endless loop without forgetting the recorded queries.',
    why: 'With DEBUG on, Django keeps the text and time of the last thousands of queries for each connection. Between web requests it forgets them, in a long-running command it does not, and thousands of long queries add up.',
    evidence:
      'A file that Django settings are in by its other names, with the literal `DEBUG = True`: medium where its name says production, low otherwise. A `handle` of a `BaseCommand` with `while True` and queries through a manager, without `reset_queries`: low, as the settings decide.',
    fix: 'Read DEBUG from the environment with False as the default, and call `django.db.reset_queries()` once per turn in long-running commands.',
    ignore: 'In settings that are for development only.',
    example: {
      leaks: `
from .base import *

INSTALLED_APPS = ['shop']
DEBUG = True
`,
      fine: `
import os
from .base import *

INSTALLED_APPS = ['shop']
DEBUG = os.environ.get('DEBUG') == '1'
`,
    },
  },
  check(file, report) {
    checkSettings(file, report);
    checkCommands(file, report);
  },
};

function checkSettings(file: ScannedFile, report: Report): void {
  const { path } = file.source;
  const { bindings } = file.source.scopes.module;
  const isSettings = ['INSTALLED_APPS', 'MIDDLEWARE', 'DATABASES', 'ROOT_URLCONF'].some((name) => bindings.has(name));
  const definitions = bindings.get('DEBUG')?.definitions ?? [];
  const debug = definitions.at(-1);
  if (!isSettings || debug?.kind !== 'value' || debug.value.kind !== 'Constant' || debug.value.value !== true) return;
  if (/(?:dev|local|test|ci|debug|example|sample|docker)\w*(?:\/|\.py$)/i.test(path)) return;
  report({
    node: debug.node.parent ?? debug.node,
    confidence: /prod|live|staging|deploy/i.test(path) ? 'medium' : 'low',
    message: 'with `DEBUG` on, every database connection keeps the text of its last thousands of queries',
    remedy: 'read `DEBUG` from the environment, with False as the default',
  });
}

function checkCommands(file: ScannedFile, report: Report): void {
  for (const { node } of file.source.classes) {
    if (!node.bases.some((base) => /Command$/.test(file.source.text.slice(base.start, base.end)))) continue;
    for (const loop of endlessLoopsIn(file, node)) {
      const queries = (file.source.attributes.get('objects') ?? []).find((query) => isInside(query, loop));
      if (queries === undefined || forgets(file, node)) continue;
      report({
        node: queries,
        confidence: 'low',
        message:
          'with `DEBUG` on, this loop makes Django keep the text of every query, as no request ends to forget them',
        remedy: 'call `django.db.reset_queries()` once per turn',
        evidence: [{ node: loop, text: 'goes on as long as the process' }],
      });
    }
  }
}

function endlessLoopsIn(file: ScannedFile, around: Node): readonly While[] {
  const loops = new Set<While>();
  for (const query of file.source.attributes.get('objects') ?? []) {
    if (!isInside(query, around)) continue;
    for (let node: Node | undefined = query.parent; node !== undefined && node !== around; node = node.parent) {
      if (node.kind === 'While' && node.test.kind === 'Constant') loops.add(node);
    }
  }
  return [...loops];
}

function forgets(file: ScannedFile, around: Node): boolean {
  return ['reset_queries', 'close_old_connections'].some((name) =>
    [...(file.source.names.get(name) ?? []), ...(file.source.attributes.get(name) ?? [])].some((use) =>
      isInside(use, around),
    ),
  );
}

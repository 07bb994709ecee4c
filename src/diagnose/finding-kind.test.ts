// What a holder is called, what the source analysis is asked for, and what is advised: one drawn heap per way of holding.

import { expect, test } from 'vitest';
import { drawRun, SHOP } from '../../test/support/drawn-runs.ts';
import { nodeNames } from '../graph/node-names.ts';
import { shortestPaths } from '../graph/reachability.ts';
import { adviceFor } from './advice.ts';
import type { FindingKind } from './find-report.ts';
import { kindOfHolder } from './finding-kind.ts';
import { findHolderGrowth } from './holder-growth.ts';
import { referenceOf } from './holder-reference.ts';
import { programFacts } from './program-facts.ts';

/** Draws a heap in which `held` gets 20 entries, made by `entry`; returns kind, name and reference of the holder. */
function describeHolder(always: string, entry: (n: number) => string, edge = 'element') {
  const text = (count: number): string =>
    [
      SHOP,
      always,
      `entries held ${count}`,
      ...Array.from({ length: count }, (_, n) => `held -> e${n} [${edge} ${n}]; size e${n} 64; ${entry(n)}`),
    ].join('\n');
  const { graph, summaries } = drawRun([text(0), text(10), text(20)]);
  const growth = findHolderGrowth(graph, shortestPaths(graph), nodeNames(graph), summaries)[0]!;
  const { name, reference } = referenceOf(graph, programFacts(graph), growth.name.steps);
  return { kind: kindOfHolder(graph, growth), name, reference };
}

const row = (n: number): string => `type e${n} shop.Row`;
const FUNCTION = `globals -> f [global work]; type f function; label f work; flags f code; f -> globals [field __globals__]`;

test('a global', () => {
  expect(describeHolder('globals -> held [global rows]; type held list', row)).toEqual({
    kind: 'global container',
    name: 'shop.rows',
    reference: { form: 'global', module: 'shop', name: 'rows' },
  });
});

test('sys.modules', () => {
  const modules = 'root modules sys.modules -> held; type held dict';
  expect(describeHolder(modules, (n) => `type e${n} module; flags e${n} code`, 'value')).toEqual({
    kind: 'dynamic classes, modules or code',
    name: 'sys.modules',
    reference: { form: 'global', module: 'sys', name: 'modules' },
  });
});

test('modules under new keys: the key may be the one that is looked at', () => {
  const always = 'root modules sys.modules -> held; type held dict';
  const entry = (n: number): string =>
    `held -> m${n} [value ${n}] -> d${n} [field __dict__]; type m${n} module; flags m${n} code; size m${n} 72
     type d${n} dict; flags d${n} namespace; size d${n} 600; type e${n} str`;
  expect(describeHolder(always, entry, 'key').kind).toBe('dynamic classes, modules or code');
});

test('an attribute of an instance, with the global it hangs on', () => {
  const always = `globals -> bus [global bus]; type bus shop.Bus; bus -> own [field __dict__]; type own dict
    flags own namespace; own -> held [attribute history]; type held list`;
  expect(describeHolder(always, row)).toEqual({
    kind: 'instance container',
    name: 'shop.bus.history',
    reference: {
      form: 'instance attribute',
      module: 'shop',
      className: 'Bus',
      name: 'history',
      owner: { module: 'shop', name: 'bus' },
    },
  });
});

test('the namespace of an instance itself', () => {
  const always = 'globals -> bus [global bus]; type bus shop.Bus; bus -> held [field __dict__]; type held dict';
  expect(describeHolder(always, row).kind).toBe('instance container');
});

test('an attribute of a class', () => {
  const always = `globals -> class:shop.Bus [global Bus]; type class:shop.Bus type; flags class:shop.Bus code
    label class:shop.Bus Bus; class:shop.Bus -> own [field __dict__]; flags own namespace; type own dict
    own -> held [attribute seen]; type held list; globals -> bus [global bus]; type bus shop.Bus`;
  expect(describeHolder(always, row)).toEqual({
    kind: 'class container',
    name: 'shop.Bus.seen',
    reference: { form: 'class attribute', module: 'shop', className: 'Bus', name: 'seen' },
  });
});

test('the cache of a function', () => {
  const always = `globals -> cached [global load]; type cached functools._lru_cache_wrapper; cached -> held [field cache]
    type held dict; cached -> f [field __wrapped__]; type f function; label f load; flags f code
    f -> globals [field __globals__]`;
  expect(describeHolder(always, row, 'value')).toEqual({
    kind: 'function cache',
    name: 'shop.load',
    reference: { form: 'function cache', module: 'shop', qualname: 'load' },
  });
});

test('closure variables, defaults by name and by place, locals', () => {
  const closure = `${FUNCTION}; f -> cells [field __closure__]; type cells tuple
    cells -> cell [cell seen]; type cell cell; cell -> held [field cell_contents]; type held list`;
  expect(describeHolder(closure, row)).toEqual({
    kind: 'closure',
    name: 'shop.work (closure seen)',
    reference: { form: 'closure', module: 'shop', qualname: 'work', name: 'seen' },
  });
  const byPlace = `${FUNCTION}; f -> defaults [field __defaults__]; type defaults tuple
    defaults -> held [element 1]; type held list`;
  expect(describeHolder(byPlace, row)).toEqual({
    kind: 'default argument',
    name: 'shop.work (default argument [1])',
    reference: { form: 'default argument', module: 'shop', qualname: 'work', name: '[1]' },
  });
  const byName = `${FUNCTION}; f -> defaults [field __kwdefaults__]; type defaults dict
    defaults -> held [attribute seen]; type held list`;
  expect(describeHolder(byName, row).reference).toMatchObject({ form: 'default argument', name: 'seen' });
  const local = `root thread MainThread -> thread -> frame [field frame] -> held [local kept]; type held list
    type thread thread; flags thread synthetic; label thread MainThread; type frame frame
    flags frame synthetic code; label frame main (shop.py:9); frame -> globals [field __globals__]`;
  expect(describeHolder(local, row)).toMatchObject({
    kind: 'frame',
    reference: { form: 'local', module: 'shop', qualname: 'main', name: 'kept' },
  });
});

test('what grows says more than what holds it', () => {
  const held = 'globals -> held [global kept]; type held list';
  const cases: readonly (readonly [string, FindingKind])[] = [
    ['threading.Thread', 'thread'],
    ['ValueError', 'exception or traceback'],
    ['shop.PaymentError', 'exception or traceback'],
    ['generator', 'generator or task'],
    ['_asyncio.Task', 'generator or task'],
    ['function', 'listener registry'],
    ['method', 'listener registry'],
    ['code', 'dynamic classes, modules or code'],
    ['str', 'global container'],
  ];
  for (const [type, kind] of cases) {
    expect(describeHolder(held, (n) => `type e${n} ${type}`).kind, type).toBe(kind);
  }
});

test('registries of listeners are known by their names', () => {
  for (const name of ['listeners', '_handlers', 'exit_hooks', 'subscribers']) {
    expect(describeHolder(`globals -> held [global ${name}]; type held list`, row).kind, name).toBe(
      'listener registry',
    );
  }
});

test('context variables and thread locals', () => {
  for (const type of ['_contextvars.ContextVar', '_thread._local']) {
    const always = `globals -> variable [global current]; type variable ${type}
      variable -> held [scanned 3]; type held list`;
    expect(describeHolder(always, row).kind, type).toBe('thread-local or context variable');
  }
});

test('the advice fits the container', () => {
  const facts = { name: 'shop.x', shrinksSomewhere: false };
  expect(adviceFor('global container', { ...facts, holderType: 'dict' })).toContain('lru_cache(maxsize');
  expect(adviceFor('global container', { ...facts, holderType: 'list' })).toContain('deque(maxlen');
  expect(adviceFor('global container', { ...facts, holderType: 'collections.deque' })).toContain('deque(maxlen');
  expect(adviceFor('global container', { ...facts, holderType: 'str' })).toContain('appended to for ever');
  expect(adviceFor('global container', { ...facts, holderType: 'dict', shrinksSomewhere: true })).toContain(
    'added faster than they are removed',
  );
});

// Functions that add a closure to a collection of hooks they are handed (`loop.on_tick.add(poll)`), where nothing in the file
// takes hooks out again. Part of listener-not-removed; methods that subscribe (`bus.on(…)`) are that file's.

import type { Attribute, Call, Expr, Node } from '../../../source/python-ast.ts';
import { bindingOf } from '../../../source/source-index.ts';
import { receiverAround } from '../../lifetimes/receivers.ts';
import type { Report } from '../../rule.ts';
import { functionAround, type ScannedFile, textOf } from '../../scanned-file.ts';

/** Names of collections whose members are called when something happens. */
const HOOKS = /^_*(?:on_\w+|\w*(?:callbacks|listeners|observers|hooks|subscribers))$/;

/** Happens once in the life of its owner, so that its hooks are added once. */
const ONCE = /start|shutdown|cleanup|close|exit|stop|finish|ready|teardown|init|done/;

/** Functions that make or set up an object once, as far as their name tells. */
const SETTING_UP = /^_*(?:main|setup|configure|install|create|make|build|init|include|extend|apply|wrap|patch)|plugin/i;

/** Words of which a file must have one for this to find anything. */
export const HOOK_WORDS: readonly string[] = ['on_', 'callbacks', 'listeners', 'observers', 'hooks', 'subscribers'];

export function checkHookCollections(file: ScannedFile, report: Report): void {
  for (const method of ['add', 'append']) {
    for (const func of file.source.attributes.get(method) ?? []) {
      const call = func.parent;
      if (call?.kind === 'Call' && call.func === func) checkAddition(file, call, func.value, report);
    }
  }
}

function checkAddition(file: ScannedFile, call: Call, hooks: Expr, report: Report): void {
  if (hooks.kind !== 'Attribute' || !HOOKS.test(hooks.attr) || ONCE.test(hooks.attr)) return;
  const around = functionAround(file, call);
  const [hook] = call.args;
  if (around === undefined || hook === undefined || SETTING_UP.test(around.name)) return;
  if (!isMadeHere(file, hook, around) || !isHandedIn(file, hooks, around) || isTakenOut(file, hooks.attr)) return;
  report({
    node: call,
    confidence: 'medium',
    message: `\`${textOf(file, hooks)}\` gets another closure at every call of \`${around.name}\`, and nothing takes it out`,
    remedy: 'take it out when what it serves is closed, or add one function once',
    evidence: [{ node: hook, text: 'is made anew each time' }],
  });
}

/** A lambda, or a function defined in the function around. */
export function isMadeHere(file: ScannedFile, value: Expr, around: Node): boolean {
  if (value.kind === 'Lambda') return true;
  if (value.kind !== 'Name') return false;
  const binding = bindingOf(file.source, value);
  return binding?.scope.node === around && binding.definitions.some(({ kind }) => kind === 'function');
}

/** Whether the collection belongs to an object that callers pass, other than the method's own. */
function isHandedIn(file: ScannedFile, { value: owner }: Attribute, around: Node): boolean {
  if (owner.kind !== 'Name' || receiverAround(file, owner)?.name === owner.id) return false;
  const binding = bindingOf(file.source, owner);
  return binding?.scope.node === around && binding.definitions.every(({ kind }) => kind === 'parameter');
}

/** Whether the file takes members out of a collection of that name, or sets it anew. */
function isTakenOut(file: ScannedFile, name: string): boolean {
  return (file.source.attributes.get(name) ?? []).some(
    ({ ctx, parent }) =>
      ctx !== 'Load' ||
      (parent?.kind === 'Attribute' && /^(?:remove|discard|pop|popleft|clear)$/.test(parent.attr)) ||
      (parent?.kind === 'Subscript' && parent.ctx !== 'Load'),
  );
}

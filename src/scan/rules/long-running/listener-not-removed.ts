// L02: an object that gives one of its methods to an emitter that outlives it, and never takes it back.

import type { Call, Expr, Node } from '../../../source/python-ast.ts';
import { dottedName } from '../../../source/qualified-name.ts';
import { bindingOf, enclosingFunction } from '../../../source/source-index.ts';
import { holdsObject } from '../../lifetimes/held-objects.ts';
import { isInside, isSingleton, perObject, type Receiver, receiverAround } from '../../lifetimes/receivers.ts';
import { repeatingReason } from '../../lifetimes/repetition.ts';
import type { Report, Rule } from '../../rule.ts';
import { keywordOf, oncePerFile, type ScannedFile, textOf } from '../../scanned-file.ts';
import { checkHookCollections, HOOK_WORDS, isMadeHere } from './hook-collections.ts';

/** Methods that keep a listener, and words of the methods that let it go. */
const ADDING: Readonly<Record<string, RegExp>> = {
  on: /^(?:off|remove|un)/,
  add_listener: /^(?:remove|off|un|clear)/,
  addListener: /^(?:remove|off|un|clear)/,
  add_event_listener: /^remove/,
  addEventListener: /^remove/,
  add_event_handler: /^remove/,
  add_observer: /^(?:remove|delete|detach)/,
  add_callback: /^(?:remove|unregister|clear)/,
  register_callback: /^(?:unregister|remove|deregister)/,
  register_listener: /^(?:unregister|remove|deregister)/,
  register_observer: /^(?:unregister|remove|deregister)/,
  register_handler: /^(?:unregister|remove|deregister)/,
  add_handler: /^remove/,
  add_subscriber: /^(?:remove|un)/,
  subscribe: /^(?:unsub|remove|off|dispose|cancel)/,
  observe: /^(?:unobserve|stop|remove|un)/,
  connect: /^disconnect/,
  attach: /^detach/,
};

export const listenerNotRemoved: Rule = {
  name: 'listener-not-removed',
  code: 'L02',
  cause: 'long-running process',
  sameAs: [],
  words: [
    ...HOOK_WORDS,
    '.on(',
    ...Object.keys(ADDING)
      .filter((name) => name !== 'on')
      .map((name) => `.${name}(`),
  ],
  doc: {
    what: 'A method that subscribes a method of its object (or a lambda or partial over it) to an emitter from outside, in a class that never unsubscribes; or a request handler that subscribes a function it makes; or any function that adds a closure to a collection of hooks it is handed (`loop.on_tick.add(poll)`).',
    why: 'The emitter keeps its listeners, and a bound method keeps its object. As long as the emitter lives, so does every object that subscribed, and each event calls them all.',
    evidence:
      'The emitter is a variable of a module, or was handed in; the listener holds `self`; and nothing in the class removes, disconnects or unsubscribes. Signals that hold listeners weakly by default (`connect` without `weak=False`) are left alone. High for emitters of a module and handlers or classes known to run or be made again and again, medium for emitters of a module, low for emitters handed in. A closure added to a collection of hooks of a parameter is medium where nothing in the file takes members out of a collection of that name, and neither the function nor the hooks are about setting up or ending.',
    fix: 'Unsubscribe in `close`, or give the emitter a function that holds the object weakly (`weakref.WeakMethod`).',
    ignore: 'When the object lives as long as the emitter.',
    example: {
      leaks: `
from shop.events import bus

class Cart:
    def __init__(self):
        bus.subscribe('price', self.on_price)

    def on_price(self, event):
        self.total = event.total
`,
      fine: `
from shop.events import bus

class Cart:
    def __init__(self):
        bus.subscribe('price', self.on_price)

    def on_price(self, event):
        self.total = event.total

    def close(self):
        bus.unsubscribe('price', self.on_price)
`,
    },
  },
  check(file, report) {
    checkHookCollections(file, report);
    for (const subscription of subscriptionsOf(file)) {
      const receiver = receiverAround(file, subscription.call);
      if (receiver === undefined || !checkMethod(file, subscription, receiver, report)) {
        checkFunction(file, subscription, receiver, report);
      }
    }
  },
};

/** Objects that subscribe themselves. Whether the listener holds the object at all. */
function checkMethod(file: ScannedFile, subscription: Subscription, receiver: Receiver, report: Report): boolean {
  const { call, emitter, method } = subscription;
  const listener = argumentsOf(call).find((value) => holdsObject(file, value, receiver.name));
  if (listener === undefined) return false;
  const owner = ownerOf(file, emitter, receiver);
  if (owner === undefined || isRemoved(file, receiver.cls.node, ADDING[method]!)) return true;
  report({
    node: call,
    confidence: owner === 'module' && !isSingleton(receiver.cls) ? 'high' : 'low',
    message: `\`${textOf(file, emitter)}\` keeps every \`${receiver.cls.node.name}\` that subscribes here, as nothing in the class unsubscribes`,
    remedy: 'unsubscribe when the object is closed, or subscribe a function that holds it weakly',
    evidence: [{ node: listener, text: `holds \`${receiver.name}\`` }],
    conditions: perObject(file, receiver.cls),
  });
  return true;
}

/** Functions that handle requests or messages, and subscribe a function they make each time. */
function checkFunction(
  file: ScannedFile,
  { call, emitter, method }: Subscription,
  receiver: Receiver | undefined,
  report: Report,
): void {
  const around = enclosingFunction(file.source, call);
  const reason = around === undefined ? undefined : repeatingReason(file, around);
  if (around === undefined || reason === undefined || around.node.kind === 'Lambda') return;
  const listener = argumentsOf(call).find((value) => isMadeHere(file, value, around.node));
  if (listener === undefined || ownerOf(file, emitter, receiver) !== 'module') return;
  if (isRemoved(file, around.node, ADDING[method]!)) return;
  report({
    node: call,
    confidence: 'high',
    message: `\`${around.node.name}\` ${reason}, and each time \`${textOf(file, emitter)}\` gets another listener to keep`,
    remedy: 'subscribe once, outside the function, or unsubscribe before it ends',
    evidence: [{ node: listener, text: 'is made anew each time' }],
  });
}

interface Subscription {
  readonly call: Call;
  readonly emitter: Expr;
  readonly method: string;
}

const subscriptionsOf = oncePerFile((file): readonly Subscription[] => {
  const found: Subscription[] = [];
  for (const method of Object.keys(ADDING)) {
    for (const attribute of file.source.attributes.get(method) ?? []) {
      const call = attribute.parent;
      if (call?.kind !== 'Call' || call.func !== attribute || isScoped(call)) continue;
      // Signals of Django, blinker and pydispatch hold listeners weakly unless told otherwise; Qt forgets dead objects.
      if (method === 'connect' && !isFalse(keywordOf(call, 'weak'))) continue;
      found.push({ call, emitter: attribute.value, method });
    }
  }
  return found;
});

/** `with bus.subscribe(self.on_price):` unsubscribes at the end of the block. */
function isScoped({ parent }: Call): boolean {
  if (parent?.kind === 'withitem') return true;
  return parent?.kind === 'Call' && parent.func.kind === 'Attribute' && /^enter_/.test(parent.func.attr);
}

/** Where a listener may stand: a sender is only compared with. */
function argumentsOf(call: Call): readonly Expr[] {
  const named = call.keywords.filter(({ arg }) => arg !== 'sender');
  return [...call.args, ...named.map(({ value }) => value)];
}

function isFalse(expr: Expr | undefined): boolean {
  return expr?.kind === 'Constant' && expr.value === false;
}

/** Who owns the emitter, if it is not the object itself: a module, or whoever handed it in. */
function ownerOf(file: ScannedFile, emitter: Expr, receiver: Receiver | undefined): 'module' | 'caller' | undefined {
  let root = emitter;
  while (root.kind === 'Attribute') root = root.value;
  if (root.kind !== 'Name') return undefined;
  // `Base.attach(self, …)` calls a method of the object's own class.
  if (emitter.kind === 'Attribute' && /^_*[A-Z]\w*[a-z]/.test(emitter.attr)) return undefined;
  if (receiver !== undefined && root.id === receiver.name)
    return isHandedIn(file, emitter, receiver) ? 'caller' : undefined;
  const binding = bindingOf(file.source, root);
  if (binding === undefined) return undefined;
  if (binding.definitions.some(({ kind }) => kind === 'parameter')) return 'caller';
  if (binding.scope.kind !== 'module' && dottedName(file.source, root) === undefined) return undefined;
  return binding.definitions.every(({ kind }) => kind !== 'class' && kind !== 'function') ? 'module' : undefined;
}

/** Whether `self.bus` was set from a parameter, so that the object is not all that keeps it. */
function isHandedIn(file: ScannedFile, emitter: Expr, receiver: Receiver): boolean {
  if (emitter.kind !== 'Attribute' || emitter.value.kind !== 'Name') return false;
  return (file.source.attributes.get(emitter.attr) ?? []).some((store) => {
    if (store.ctx !== 'Store' || !isInside(store, receiver.cls.node) || store.parent?.kind !== 'Assign') return false;
    const { value } = store.parent;
    if (value.kind !== 'Name') return false;
    return bindingOf(file.source, value)?.definitions.some(({ kind }) => kind === 'parameter') === true;
  });
}

/** Whether the class or function uses anything that by its name lets a listener go. */
function isRemoved(file: ScannedFile, around: Node, removing: RegExp): boolean {
  return namesReadIn(file, around).some((name) => removing.test(name));
}

function namesReadIn(file: ScannedFile, around: Node): readonly string[] {
  return [...file.source.attributes]
    .filter(([, uses]) => uses.some((use) => isInside(use, around) && use.parent?.kind === 'Call'))
    .map(([name]) => name.replace(/^_+/, ''));
}

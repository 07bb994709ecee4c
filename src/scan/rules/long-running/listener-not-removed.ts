// L02: an object that gives one of its methods to an emitter that outlives it, and never takes it back.

import type { Call, Expr, Node } from '../../../source/python-ast.ts';
import { dottedName } from '../../../source/qualified-name.ts';
import { bindingOf } from '../../../source/source-index.ts';
import type { Confidence } from '../../finding.ts';
import { holdsObject } from '../../held-objects.ts';
import { isInside, isSingleton, perObject, type Receiver, receiverAround } from '../../receivers.ts';
import type { Rule } from '../../rule.ts';
import { keywordOf, oncePerFile, type ScannedFile, textOf } from '../../scanned-file.ts';

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
    '.on(',
    ...Object.keys(ADDING)
      .filter((name) => name !== 'on')
      .map((name) => `.${name}(`),
  ],
  doc: {
    what: 'A method that subscribes a method of its object (or a lambda or partial over it) to an emitter from outside, in a class that never unsubscribes.',
    why: 'The emitter keeps its listeners, and a bound method keeps its object. As long as the emitter lives, so does every object that subscribed, and each event calls them all.',
    evidence:
      'The emitter is a variable of a module, or was handed in; the listener holds `self`; and nothing in the class removes, disconnects or unsubscribes. Signals that hold listeners weakly by default (`connect` without `weak=False`) are left alone. High for emitters of a module and classes known to be made again and again, medium for emitters of a module, low for emitters handed in.',
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
    for (const { call, emitter, method } of subscriptionsOf(file)) {
      const receiver = receiverAround(file, call);
      if (receiver === undefined) continue;
      const listener = argumentsOf(call).find((value) => holdsObject(file, value, receiver.name));
      const owner = ownerOf(file, emitter, receiver);
      if (listener === undefined || owner === undefined || isRemoved(file, receiver, ADDING[method]!)) continue;
      const confidence: Confidence = owner === 'module' && !isSingleton(receiver.cls) ? 'high' : 'low';
      report({
        node: call,
        confidence,
        message: `\`${textOf(file, emitter)}\` keeps every \`${receiver.cls.node.name}\` that subscribes here, as nothing in the class unsubscribes`,
        remedy: 'unsubscribe when the object is closed, or subscribe a function that holds it weakly',
        evidence: [{ node: listener, text: `holds \`${receiver.name}\`` }],
        conditions: perObject(file, receiver.cls),
      });
    }
  },
};

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
function ownerOf(file: ScannedFile, emitter: Expr, receiver: Receiver): 'module' | 'caller' | undefined {
  let root = emitter;
  while (root.kind === 'Attribute') root = root.value;
  if (root.kind !== 'Name') return undefined;
  // `Base.attach(self, …)` calls a method of the object's own class.
  if (emitter.kind === 'Attribute' && /^_*[A-Z]\w*[a-z]/.test(emitter.attr)) return undefined;
  if (root.id === receiver.name) return isHandedIn(file, emitter, receiver) ? 'caller' : undefined;
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

/** Whether the class calls anything that by its name lets a listener go. */
function isRemoved(file: ScannedFile, { cls }: Receiver, removing: RegExp): boolean {
  return namesReadIn(file, cls.node).some((name) => removing.test(name));
}

function namesReadIn(file: ScannedFile, around: Node): readonly string[] {
  return [...file.source.attributes]
    .filter(([, uses]) => uses.some((use) => isInside(use, around) && use.parent?.kind === 'Call'))
    .map(([name]) => name.replace(/^_+/, ''));
}

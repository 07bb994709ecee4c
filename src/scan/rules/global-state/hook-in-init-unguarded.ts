// G08: an `__init__` that registers a function of its own, or a method, with a registry of another module.

import type { Expr, FunctionDef, Node } from '../../../source/python-ast.ts';
import { dottedName } from '../../../source/qualified-name.ts';
import type { ClassInfo } from '../../../source/source-index.ts';
import { decidingTests } from '../../lifetimes/guards.ts';
import { holdsObject } from '../../lifetimes/held-objects.ts';
import { isInside, isSingleton, perObject } from '../../lifetimes/receivers.ts';
import type { Rule } from '../../rule.ts';
import { oncePerFile, type ScannedFile } from '../../scanned-file.ts';

/** Last parts of the names of functions that add what they are given to a list for good. */
const REGISTERING =
  /^(?:add|register|subscribe|install|append|listens?)_(?:\w+_)?(?:processors?|handlers?|hooks?|listeners?|callbacks?|observers?|filters?|middlewares?|subscribers?|finalizers?|exit|event|events|for)$/;

const TAKING_BACK = /^(?:remove|unregister|unsubscribe|disconnect|deregister|uninstall|detach|discard|unlisten)_/;

export const hookInInitUnguarded: Rule = {
  name: 'hook-in-init-unguarded',
  code: 'G08',
  cause: 'global state',
  sameAs: [],
  words: ['__init__'],
  doc: {
    what: 'An `__init__` that adds a function of its own, or one of its methods, to a list of processors, handlers or hooks that belongs to a module.',
    why: 'Every object that is made adds one more, and nothing removes it: the list grows, keeps the objects the functions close over, and all of them are called each time. With a class whose `__new__` returns one stored object, `__init__` still runs at every call.',
    evidence:
      'The registering function is imported, its name says that it adds (`add_…_processor`, `register_…_hook`), what it is given is an inner function or holds `self`, no test decides about it, and the class takes nothing back. High for classes whose `__new__` returns a stored object, medium where objects may be many, low where one is all there is.',
    fix: 'Register once, at import or behind a flag of the class; or remove the function when the object is closed.',
    ignore: 'When the process makes one such object.',
    example: {
      leaks: `
from telemetry import add_event_processor

class SpanProcessor:
    def __new__(cls):
        if not hasattr(cls, 'instance'):
            cls.instance = super().__new__(cls)
        return cls.instance

    def __init__(self):
        @add_event_processor
        def link(event, hint):
            return self.link(event)
`,
      fine: `
from telemetry import add_event_processor

class SpanProcessor:
    ready = False

    def __new__(cls):
        if not hasattr(cls, 'instance'):
            cls.instance = super().__new__(cls)
        return cls.instance

    def __init__(self):
        if self.ready:
            return
        self.ready = True

        @add_event_processor
        def link(event, hint):
            return self.link(event)
`,
    },
  },
  check(file, report) {
    for (const cls of file.source.classes) {
      const init = initOf(cls);
      const self = init?.args.args[0]?.arg;
      if (init === undefined || self === undefined) continue;
      for (const { node, registrar } of registrationsIn(file, init, self)) {
        if (decidingTests(node).length > 0 || takesBack(file, cls, registrar)) continue;
        const rerun = returnsStoredObject(cls);
        report({
          node,
          confidence: rerun ? 'high' : isSingleton(cls) ? 'low' : 'medium',
          message: rerun
            ? `\`__init__\` runs at every \`${cls.node.name}()\`, and each time \`${registrar}\` gets another function to keep`
            : `every \`${cls.node.name}\` that is made gives \`${registrar}\` another function to keep`,
          remedy: 'register once, behind a flag or at import, or remove the function when the object is closed',
          conditions: rerun ? [] : perObject(file, cls),
        });
      }
    }
  },
};

function initOf(cls: ClassInfo): FunctionDef | undefined {
  const definition = cls.scope.bindings.get('__init__')?.definitions[0];
  return definition?.kind === 'function' ? definition.node : undefined;
}

interface Registration {
  readonly node: Node;
  readonly registrar: string;
  /** What is registered: a decorated function, or the arguments of the call. */
  readonly values: readonly Node[];
}

/** Decorated inner functions, and calls that are statements of their own, in an `__init__`. */
function registrationsIn(file: ScannedFile, init: FunctionDef, self: string): readonly Registration[] {
  return registrationsOf(file).filter(
    ({ node, values }) => isInside(node, init) && node !== init && values.some((value) => isOwn(file, value, self)),
  );
}

/** Everything in the file that registers for good, by the registering function's name. */
const registrationsOf = oncePerFile((file): readonly Registration[] => {
  const found: Registration[] = [];
  for (const { node } of file.source.functions) {
    if (node.kind === 'Lambda') continue;
    for (const decorator of node.decorator_list) {
      const registrar = registrarName(file, decorator.kind === 'Call' ? decorator.func : decorator);
      if (registrar !== undefined) found.push({ node, registrar, values: [node] });
    }
  }
  for (const call of file.source.calls) {
    const registrar = call.parent?.kind === 'Expr' ? registrarName(file, call.func) : undefined;
    if (registrar === undefined) continue;
    found.push({ node: call, registrar, values: [...call.args, ...call.keywords.map(({ value }) => value)] });
  }
  return found;
});

/** The name of an imported function that by its name registers for good; exit hooks are another rule's case. */
function registrarName(file: ScannedFile, func: Expr): string | undefined {
  const last = func.kind === 'Name' ? func.id : func.kind === 'Attribute' ? func.attr : '';
  if (!REGISTERING.test(last)) return undefined;
  const name = dottedName(file.source, func);
  return name === undefined || name.startsWith('builtins.') ? undefined : last;
}

function isOwn(file: ScannedFile, value: Node, self: string): boolean {
  return isFunctionNode(value) || holdsObject(file, value as Expr, self);
}

function isFunctionNode(node: Node): boolean {
  return node.kind === 'Lambda' || node.kind === 'FunctionDef' || node.kind === 'AsyncFunctionDef';
}

/** `__new__` that keeps the object it makes on the class: `__init__` runs again on it at every call. */
function returnsStoredObject(cls: ClassInfo): boolean {
  const definition = cls.scope.bindings.get('__new__')?.definitions[0];
  if (definition?.kind !== 'function') return false;
  const { node } = definition;
  return ['instance', '_instance', '__instance'].some((name) =>
    (cls.file.attributes.get(name) ?? []).some((store) => store.ctx === 'Store' && isInside(store, node)),
  );
}

/** Whether the class uses something that by its name undoes what the registrar does: `remove_…_processor`. */
function takesBack(file: ScannedFile, cls: ClassInfo, registrar: string): boolean {
  const noun = registrar.slice(registrar.lastIndexOf('_') + 1).replace(/s$/, '');
  for (const [name, uses] of [...file.source.attributes, ...file.source.names]) {
    if (TAKING_BACK.test(name) && name.includes(noun) && uses.some((use) => isInside(use, cls.node))) return true;
  }
  return false;
}

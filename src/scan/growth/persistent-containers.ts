// Containers of one file that outlive the code that fills them: module variables, class attributes, attributes that
// objects give themselves when they are made. How long those objects live, and what fills them, is asked elsewhere.

import { assignedValue, attributeStores } from '../../source/class-members.ts';
import type { HolderReference } from '../../source/growth-site-query.ts';
import type { Attribute, Call, Expr, Node } from '../../source/python-ast.ts';
import { dottedName } from '../../source/qualified-name.ts';
import type { Binding } from '../../source/scopes.ts';
import { type ClassInfo, enclosingFunction } from '../../source/source-index.ts';
import { ancestorsOf } from '../../source/type-inference.ts';
import type { Subject } from '../finding.ts';
import { keywordOf, oncePerFile, type ScannedFile } from '../scanned-file.ts';

export type ContainerKind = 'dict' | 'defaultdict' | 'ordered dict' | 'counter' | 'list' | 'set' | 'deque' | 'queue';

export interface PersistentContainer {
  readonly kind: ContainerKind;
  readonly form: 'global' | 'class attribute' | 'instance attribute';
  readonly name: string;
  /** As a person writes it: `user_cache`, `EventBus.listeners`. */
  readonly label: string;
  readonly cls: ClassInfo | undefined;
  /** What is assigned: the name or `self.name`. */
  readonly target: Node;
  /** The container as it is made: `{}`, `deque()`. */
  readonly value: Expr;
  /** What the source analysis and a live process call it. */
  readonly holder: HolderReference & Subject;
}

export const persistentContainers = oncePerFile((file): readonly PersistentContainer[] => [
  ...moduleContainers(file),
  ...classContainers(file),
  ...instanceContainers(file),
]);

function moduleContainers(file: ScannedFile): readonly PersistentContainer[] {
  const { module } = file.source;
  const found: PersistentContainer[] = [];
  for (const [name, binding] of file.source.scopes.module.bindings) {
    const made = isDunder(name) ? undefined : madeContainer(file, binding);
    if (made === undefined) continue;
    const holder = { form: 'global', module, name } as const;
    found.push({ ...made, form: 'global', name, label: name, cls: undefined, holder });
  }
  return found;
}

function classContainers(file: ScannedFile): readonly PersistentContainer[] {
  const found: PersistentContainer[] = [];
  for (const cls of file.source.classes) {
    for (const [name, binding] of cls.scope.bindings) {
      const made = isDunder(name) ? undefined : madeContainer(file, binding);
      if (made === undefined || isPerObject(file, cls, name, made.target)) continue;
      const common = { module: file.source.module, className: cls.qualname, name };
      found.push({
        ...made,
        form: 'class attribute',
        name,
        label: `${cls.node.name}.${name}`,
        cls,
        holder: { form: 'class attribute', ...common },
      });
    }
  }
  return found;
}

/** Whether objects get a container of their own under that name: assigned in a method, or a field a library copies. */
function isPerObject(file: ScannedFile, cls: ClassInfo, name: string, target: Node): boolean {
  const related = file.source.classes.filter((other) => ancestorsOf(file.index, other).includes(cls));
  if (related.some((other) => attributeStores(other, name).some(isStoreOnSelf))) return true;
  const statement = target.parent;
  if (statement?.kind !== 'AnnAssign') return false;
  const text = file.source.text.slice(statement.annotation.start, statement.annotation.end);
  return !/ClassVar/.test(text) && (cls.node.bases.length > 0 || cls.node.decorator_list.length > 0);
}

function isStoreOnSelf(store: Attribute): boolean {
  return store.value.kind === 'Name' && store.value.id !== 'cls';
}

function instanceContainers(file: ScannedFile): readonly PersistentContainer[] {
  const found: PersistentContainer[] = [];
  const seen = new Map<ClassInfo, Set<string>>();
  const add = (cls: ClassInfo, name: string, made: MadeContainer) => {
    const names = seen.get(cls) ?? new Set();
    seen.set(cls, names);
    if (names.has(name)) return;
    names.add(name);
    const common = { module: file.source.module, className: cls.qualname, name };
    found.push({
      ...made,
      form: 'instance attribute',
      name,
      label: `${cls.node.name}.${name}`,
      cls,
      holder: { form: 'instance attribute', ...common },
    });
  };
  for (const [name, attributes] of file.source.attributes) {
    if (isDunder(name)) continue;
    for (const target of attributes) {
      if (target.ctx !== 'Store' || target.value.kind !== 'Name') continue;
      const value = assignedValue(target);
      const kind = value === undefined ? undefined : containerKind(file, value);
      if (kind === undefined) continue;
      const method = enclosingFunction(file.source, target);
      if (method?.class === undefined || method.node.kind === 'Lambda' || !BUILDS.test(method.node.name)) continue;
      const self = method.node.args.posonlyargs[0] ?? method.node.args.args[0];
      if (self?.arg === target.value.id) add(method.class, name, { kind, target, value: value! });
    }
  }
  for (const cls of file.source.classes) {
    for (const [name, binding] of cls.scope.bindings) {
      const field = fieldContainer(file, binding);
      if (field !== undefined) add(cls, name, field);
    }
  }
  return found;
}

const BUILDS = /^(?:__init__|__new__|__post_init__|__attrs_post_init__|setup|initialize)$/;

interface MadeContainer {
  readonly kind: ContainerKind;
  readonly target: Node;
  readonly value: Expr;
}

/** The container a variable is given; none when it is an import, a function or a class as well. */
function madeContainer(file: ScannedFile, binding: Binding): MadeContainer | undefined {
  let made: MadeContainer | undefined;
  for (const definition of binding.definitions) {
    if (definition.kind !== 'value') {
      if (definition.kind === 'annotation' || definition.kind === 'other') continue;
      return undefined;
    }
    if (made !== undefined || definition.entered === true) continue;
    const kind = containerKind(file, definition.value);
    if (kind !== undefined) made = { kind, target: definition.node, value: definition.value };
  }
  return made;
}

/** `field(default_factory=dict)` of a dataclass, `attr.ib(factory=list)`: each object has its own. */
function fieldContainer(file: ScannedFile, binding: Binding): MadeContainer | undefined {
  for (const definition of binding.definitions) {
    if (definition.kind !== 'value' || definition.value.kind !== 'Call') continue;
    const call = definition.value;
    const factory = keywordOf(call, 'default_factory') ?? keywordOf(call, 'factory');
    if (factory === undefined) continue;
    const kind = containerMadeByFactory(file, factory);
    if (kind !== undefined && kind !== 'queue') return { kind, target: definition.node, value: call };
  }
  return undefined;
}

/** The kind of container that calling `factory` makes: `list`, `lambda: defaultdict(int)`. */
export function containerMadeByFactory(file: ScannedFile, factory: Expr): ContainerKind | undefined {
  return factory.kind === 'Lambda' ? containerKind(file, factory.body) : kindOfType(file, factory);
}

/** Types of the standard library that hold entries strongly, by dotted name. */
const CONTAINER_TYPES: Readonly<Record<string, ContainerKind>> = {
  'builtins.dict': 'dict',
  'builtins.list': 'list',
  'builtins.set': 'set',
  'collections.defaultdict': 'defaultdict',
  'collections.OrderedDict': 'ordered dict',
  'collections.Counter': 'counter',
  'collections.deque': 'deque',
  'queue.Queue': 'queue',
  'queue.LifoQueue': 'queue',
  'queue.PriorityQueue': 'queue',
  'queue.SimpleQueue': 'queue',
  'asyncio.Queue': 'queue',
  'asyncio.LifoQueue': 'queue',
  'asyncio.PriorityQueue': 'queue',
};

/** What an expression makes, where that is a container without a limit of its own. */
function containerKind(file: ScannedFile, value: Expr): ContainerKind | undefined {
  switch (value.kind) {
    case 'Dict':
    case 'DictComp':
      return 'dict';
    case 'List':
    case 'ListComp':
      return 'list';
    case 'Set':
    case 'SetComp':
      return 'set';
    case 'Call': {
      const kind = kindOfType(file, value.func);
      return kind !== undefined && isUnlimited(kind, value) ? kind : undefined;
    }
    default:
      return undefined;
  }
}

function kindOfType(file: ScannedFile, type: Expr): ContainerKind | undefined {
  const name = dottedName(file.source, type.kind === 'Subscript' ? type.value : type);
  return name !== undefined && Object.hasOwn(CONTAINER_TYPES, name) ? CONTAINER_TYPES[name] : undefined;
}

function isUnlimited(kind: ContainerKind, call: Call): boolean {
  if (kind !== 'deque' && kind !== 'queue') return true;
  const limit =
    kind === 'deque' ? (keywordOf(call, 'maxlen') ?? call.args[1]) : (keywordOf(call, 'maxsize') ?? call.args[0]);
  return limit === undefined || (limit.kind === 'Constant' && (limit.value === null || limit.value === 0));
}

function isDunder(name: string): boolean {
  return name.startsWith('__') && name.endsWith('__');
}

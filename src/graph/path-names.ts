// A retaining path in words: `module shop.users › global user_cache › ['…'] › .profile`. Names structure, never a value.

import { formatCount } from '../base/units.ts';
import {
  EDGE_KIND_SHIFT,
  EDGE_PAYLOAD_MASK,
  type EdgeIndex,
  EdgeKind,
  type HeapGraph,
  NodeFlag,
  type NodeIndex,
  qualifiedTypeName,
  RootKind,
} from './heap-graph.ts';
import { edgeString, type NodeNames, nodeNames } from './node-names.ts';
import { generalEdgeName, type RetainingPath } from './retaining-path.ts';

export type PathStepKind =
  | 'module'
  | 'class'
  | 'function'
  | 'thread'
  | 'frame'
  | 'global'
  | 'attribute'
  | 'closure'
  | 'default'
  | 'local'
  | 'element'
  | 'value'
  | 'key'
  | 'operand'
  | 'field'
  | 'scanned'
  /** A unit that repeats; `times` says how often. */
  | 'repeat'
  /** What a path without a better start begins with: `native code`, `interned strings`, `interpreter › codecs`. */
  | 'root';

export interface PathStep {
  readonly kind: PathStepKind;
  readonly text: string;
  /** Where the step leads; namespace dicts and cells are passed in silence. */
  readonly node: NodeIndex;
  /** Bare name of a named step: `user_cache`, `shop.users`; '' where it has none. */
  readonly name: string;
  /** 1, except for `repeat`. */
  readonly times: number;
}

export interface PathName {
  readonly text: string;
  readonly steps: readonly PathStep[];
}

export const PATH_SEPARATOR = ' › ';

/** What to show between the brackets of a mapping's entry, given its `value` edge; undefined for `'…'`. */
export type KeyText = (edge: EdgeIndex) => string | undefined;

/**
 * Reads the path from the last module or thread on it; `names` may be shared by all paths of a graph. Keys are values:
 * without `keyText` none is shown.
 */
export function namePath(
  graph: HeapGraph,
  path: RetainingPath,
  names: NodeNames = nodeNames(graph),
  keyText?: KeyText,
): PathName {
  const start = startOf(names, path);
  const reader = new PathReader(names, path, keyText);
  reader.begin(start);
  for (let i = start; i < path.edges.length; ) {
    const { period, times } = repetitionAt(graph, path, i);
    if (times < LEAST_REPETITIONS) {
      reader.pass(i++);
      continue;
    }
    reader.passRepeated(i, period, times);
    i += period * times;
  }
  reader.end();
  const steps = reader.steps;
  const text = steps.map((step, i) => (i === 0 || step.kind === 'scanned' ? '' : PATH_SEPARATOR) + step.text).join('');
  return { text, steps };
}

/** Fields that stand for the object itself: passing through them is not worth a word. */
const SILENT_FIELDS: ReadonlySet<string> = new Set(['__dict__', '__closure__']);
/** Fields that say what a node is an instance or base of: behind them begins another story. */
const CLASS_FIELDS: ReadonlySet<string> = new Set(['__class__', '__bases__', '__base__', '__mro__']);
const DEFAULT_FIELDS: ReadonlySet<string> = new Set(['__defaults__', '__kwdefaults__']);

/** Index of the node to begin with: the last imported module or thread that is not the end itself, else the root. */
function startOf(names: NodeNames, path: RetainingPath): number {
  const last = path.nodes.length - 1;
  for (let i = last; i > 0; i--) {
    const node = path.nodes[i]!;
    const role = names.roleOf(node);
    if (role === 'module' && names.isImported(node) && (i < last || isImport(names, path, i))) return i;
    if (role === 'thread') return i;
    if (role === 'class' && i < last && CLASS_FIELDS.has(edgeString(names.graph, path.edges[i - 1]!))) return i;
  }
  return 0;
}

/** Whether node i of the path is reached as an entry of `sys.modules`, which is what alone keeps most modules. */
function isImport(names: NodeNames, path: RetainingPath, i: number): boolean {
  return i === 1 && names.graph.roots.kinds[path.rootRow] === RootKind.modules;
}

/** Fewer repetitions than this are written out. */
const LEAST_REPETITIONS = 3;
const LONGEST_PERIOD = 4;

/** How often the unit of edges that begins at edge i repeats: (type, name) pairs, positions left out. */
function repetitionAt(graph: HeapGraph, path: RetainingPath, i: number): { period: number; times: number } {
  let best = { period: 1, times: 1 };
  for (let period = 1; period <= LONGEST_PERIOD; period++) {
    let end = i + period;
    while (end < path.edges.length && isSameUnit(graph, path, end, end - period)) end++;
    const times = Math.floor((end - i) / period);
    if (times >= LEAST_REPETITIONS && times * period > best.times * best.period) best = { period, times };
  }
  return best;
}

function isSameUnit(graph: HeapGraph, path: RetainingPath, a: number, b: number): boolean {
  if (generalEdgeName(graph.edgeNames[path.edges[a]!]!) !== generalEdgeName(graph.edgeNames[path.edges[b]!]!)) {
    return false;
  }
  const [endOfA, endOfB] = [path.nodes[a + 1]!, path.nodes[b + 1]!];
  const namedFlags = NodeFlag.code | NodeFlag.synthetic;
  if (((graph.nodeFlags[endOfA]! | graph.nodeFlags[endOfB]!) & namedFlags) !== 0) return false;
  return graph.typeOf[endOfA] === graph.typeOf[endOfB];
}

/** Turns edges into steps one by one; holds what the next edge needs to know of the last. */
class PathReader {
  steps: PathStep[] = [];
  readonly #names: NodeNames;
  readonly #graph: HeapGraph;
  readonly #path: RetainingPath;
  readonly #keyText: KeyText | undefined;
  /** Name of the module whose namespace is being read: its classes go by their short names. */
  #module = '';
  /** Name of the silent field just passed, to be told where the path ends in it. */
  #silent = '';
  #inDefaults = false;

  constructor(names: NodeNames, path: RetainingPath, keyText: KeyText | undefined) {
    this.#names = names;
    this.#graph = names.graph;
    this.#path = path;
    this.#keyText = keyText;
  }

  begin(start: number): void {
    const node = this.#path.nodes[start]!;
    if (start === 0 && this.#beginAtRoot(node)) return;
    this.#pushNamedNode(node);
  }

  /** True when the root's kind says what there is to say; false when the root node has a name of its own. */
  #beginAtRoot(node: NodeIndex): boolean {
    const { roots, strings } = this.#graph;
    const row = this.#path.rootRow;
    const label = strings[roots.labels[row]!] ?? '';
    const isNamed = this.#names.roleOf(node) !== 'object';
    switch (roots.kinds[row] as RootKind) {
      case RootKind.modules:
        if (isNamed) return false;
        this.#push('root', label === '' ? 'sys.modules' : label, node);
        return true;
      case RootKind.thread:
        if (isNamed && this.#names.roleOf(node) === 'thread') return false;
        this.#push('thread', `thread ${label}`.trimEnd(), node, label);
        if (isNamed) this.#pushNamedNode(node);
        return true;
      case RootKind.builtins:
        if (isNamed) return false;
        this.#push('root', 'builtins', node);
        return true;
      case RootKind.interpreter:
        this.#push('root', 'interpreter', node);
        if (label !== '' && label !== this.#names.nameOf(node)) this.#push('field', label, node, label);
        break;
      case RootKind.hooks:
        this.#push('root', label === '' ? 'hooks' : `hooks${PATH_SEPARATOR}${label}`, node, label);
        break;
      case RootKind.static:
        if (isNamed) return false;
        this.#push('root', 'static data', node);
        this.#pushType(node);
        return true;
      case RootKind.interned:
        this.#push('root', 'interned strings', node);
        return true;
      case RootKind.native:
        this.#push('root', 'native code', node);
        if (!isNamed) this.#pushType(node);
        break;
    }
    if (isNamed) this.#pushNamedNode(node);
    return true;
  }

  /** Reads edge i of the path. */
  pass(i: number): void {
    const graph = this.#graph;
    const edge = this.#path.edges[i]!;
    const source = this.#path.nodes[i]!;
    const target = this.#path.nodes[i + 1]!;
    const name = edgeString(graph, edge);
    const silent = this.#silent;
    this.#silent = '';
    const inDefaults = this.#inDefaults;
    this.#inDefaults = false;
    // However a thread refers to its frames: a frame's name says it all.
    if ((graph.nodeFlags[target]! & NodeFlag.synthetic) !== 0) {
      this.#pushNamedNode(target);
      return;
    }
    const kind = (graph.edgeNames[edge]! >>> EDGE_KIND_SHIFT) as EdgeKind;
    switch (kind) {
      case EdgeKind.attribute:
        if (inDefaults) this.#push('default', `default ${name}`, target, name);
        else if (!this.#passToDefinition(source, target, kind, name, silent)) {
          this.#push('attribute', `.${name}`, target, name);
        }
        break;
      case EdgeKind.global:
        if (!this.#passToDefinition(source, target, kind, name, silent)) {
          this.#push('global', `global ${name}`, target, name);
        }
        break;
      case EdgeKind.local:
        this.#push('local', `local ${name}`, target, name);
        break;
      case EdgeKind.cell:
        this.#push('closure', `closure ${name}`, target, name);
        break;
      case EdgeKind.field:
        this.#passField(name, target);
        return;
      case EdgeKind.element:
        if (inDefaults) this.#push('default', `default ${this.#position(edge)}`, target, this.#position(edge));
        else this.#push('element', this.#position(edge, source), target);
        break;
      case EdgeKind.value:
        if (inDefaults) this.#push('default', 'default', target);
        else this.#push('value', `[${this.#keyText?.(edge) ?? "'…'"}]`, target);
        break;
      case EdgeKind.key:
        this.#push('key', 'key', target);
        break;
      case EdgeKind.operand:
        this.#push('operand', 'operand', target);
        break;
      case EdgeKind.scanned:
        this.#pushNamedNode(target);
        break;
    }
    this.#pushRoleOf(target);
  }

  /** Reads one unit of a repetition and notes how often it comes. */
  passRepeated(i: number, period: number, times: number): void {
    const before = this.steps;
    this.steps = [];
    for (let k = 0; k < period; k++) this.pass(i + k);
    const unit = this.steps;
    this.steps = before;
    const words = unit.map((step) => step.text).join(PATH_SEPARATOR);
    const node = this.#path.nodes[i + period * times]!;
    const text = `${unit.length > 1 ? `(${words})` : words} × ${formatCount(times)}`;
    this.steps.push({ kind: 'repeat', text, node, name: unit[0]?.name ?? '', times });
  }

  /** A path that ends in a silent field ends in a dict or a tuple, not in its owner: it is said after all. */
  end(): void {
    if (this.#silent !== '') this.#push('field', this.#silent, this.#path.nodes.at(-1)!, this.#silent);
  }

  #passField(name: string, target: NodeIndex): void {
    if (name === 'cell_contents') {
      // The cell is the variable: the step that named it now leads to what it holds.
      const last = this.steps.pop();
      if (last === undefined) this.#push('field', name, target, name);
      else this.steps.push({ ...last, node: target });
      this.#pushRoleOf(target);
      return;
    }
    if (SILENT_FIELDS.has(name)) {
      this.#silent = name;
      return;
    }
    if (DEFAULT_FIELDS.has(name)) {
      this.#silent = name;
      this.#inDefaults = true;
      return;
    }
    const isNamed = this.#names.roleOf(target) !== 'object';
    if (!isNamed && name === 'frame') {
      // The frame of a generator, up to 3.10 an object of its own: its variables are the generator's.
      this.#silent = name;
      return;
    }
    // `coroutine › coroutine job` says it twice.
    if (name === '' || (isNamed && name === this.#names.wordOf(target))) this.#pushNamedNode(target);
    else this.#push('field', name, target, name);
    this.#pushRoleOf(target);
  }

  /** A variable that holds a class or function under its own name is that class or function. */
  #passToDefinition(source: NodeIndex, target: NodeIndex, kind: EdgeKind, variable: string, silent: string): boolean {
    const role = this.#names.roleOf(target);
    if (role !== 'class' && role !== 'function') return false;
    // Only namespaces define: of a module, however it is reached, or of the class passed last.
    const isNamespace = silent === '__dict__' || (this.#graph.nodeFlags[source]! & NodeFlag.namespace) !== 0;
    const owner = this.steps.at(-1);
    if (!isNamespace || (kind === EdgeKind.attribute && owner?.kind !== 'module' && owner?.kind !== 'class')) {
      return false;
    }
    const name = this.#names.nameOf(target);
    if (name !== variable && !name.endsWith(`.${variable}`)) return false;
    // `class User › function User.load` says User twice.
    if (owner?.kind === 'class' && this.steps.length > 1) this.steps.pop();
    this.#pushNamedNode(target);
    return true;
  }

  /** Says the name of a node that has one, when the edge to it did not. */
  #pushRoleOf(target: NodeIndex): void {
    const last = this.steps.at(-1);
    if (this.#names.roleOf(target) === 'object' || (last?.node === target && isNamedKind(last.kind))) return;
    this.#pushNamedNode(target);
  }

  #pushNamedNode(node: NodeIndex): void {
    const name = this.#names.nameOf(node);
    const role = this.#names.roleOf(node);
    if (role === 'object') {
      this.#pushType(node);
      return;
    }
    if (role === 'module') this.#module = name;
    const prefix = `${this.#module}.`;
    const isLocal = role !== 'module' && this.#module !== '' && name.startsWith(prefix);
    const shown = isLocal ? name.slice(prefix.length) : name;
    // Labels of threads and frames may say what they are.
    const text = shown.startsWith(`${role} `) ? shown : `${this.#names.wordOf(node)} ${shown}`;
    this.#push(role, text, node, name);
  }

  #pushType(node: NodeIndex): void {
    const type = qualifiedTypeName(this.#graph.types[this.#graph.typeOf[node]!]!);
    this.#push('scanned', ` → (${type})`, node);
  }

  /** A tuple's position means something; a list's is one of many. */
  #position(edge: EdgeIndex, source?: NodeIndex): string {
    const isPlace = source === undefined || this.#graph.types[this.#graph.typeOf[source]!]!.name === 'tuple';
    return isPlace ? `[${this.#graph.edgeNames[edge]! & EDGE_PAYLOAD_MASK}]` : '[…]';
  }

  #push(kind: PathStepKind, text: string, node: NodeIndex, name = ''): void {
    this.steps.push({ kind, text, node, name, times: 1 });
  }
}

function isNamedKind(kind: PathStepKind): boolean {
  return kind === 'module' || kind === 'class' || kind === 'function' || kind === 'thread' || kind === 'frame';
}

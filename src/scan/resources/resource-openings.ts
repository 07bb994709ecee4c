// The calls of a file that open a resource, and what each opened thing's life begins with: a name, a `with`, nothing.
// Functions of the file that return a resource they opened open it for their callers.

import { isStatement } from '../../source/ast-walk.ts';
import type { Call, Expr, Node } from '../../source/python-ast.ts';
import type { FunctionInfo } from '../../source/source-index.ts';
import { inferValues } from '../../source/type-inference.ts';
import type { Condition } from '../finding.ts';
import { callsByName, type ScannedFile } from '../scanned-file.ts';
import { mentions } from '../vocabulary.ts';
import type { CodeOwner } from './function-code.ts';
import type { Opening } from './resource-flow.ts';
import { ANY_RESOURCE, type ResourceModel } from './resource-models.ts';
import { calleeOf, effectOf, projectFunction } from './resource-uses.ts';
import { OPENERS_BY_NAME, type Opener, PATH_CLASSES, PATH_OPENER } from './resources.ts';

/** An opening with where it stands. */
export interface OpeningAt extends Opening {
  /** What the code calls: `tempfile.mkdtemp`, `open`, `self._connect`. */
  readonly opener: string;
  readonly owner: CodeOwner;
  /** What must hold for the call to open anything. */
  readonly condition?: Condition;
}

/** Openings by what is known of libraries. */
export function libraryOpenings(file: ScannedFile): readonly OpeningAt[] {
  const found: OpeningAt[] = [];
  for (const [name, calls] of callsByName(file)) {
    const opener = OPENERS_BY_NAME.get(name);
    if (opener === undefined) continue;
    for (const call of calls) found.push(...openingsAt(file, call, opener, name.replace(/^builtins\./, '')));
  }
  for (const call of pathOpenCalls(file)) found.push(...openingsAt(file, call, PATH_OPENER, 'Path.open'));
  return found;
}

/** Openings by calls of the file's own functions, where `modelOf` says what they return. */
export function ownOpenings(
  file: ScannedFile,
  modelOf: (callee: FunctionInfo) => ResourceModel | undefined,
  names: ReadonlySet<string>,
): readonly OpeningAt[] {
  return file.source.calls.flatMap((call) => {
    const { func } = call;
    const name = func.kind === 'Name' ? func.id : func.kind === 'Attribute' ? func.attr : undefined;
    if (name === undefined || !names.has(name)) return [];
    const callee = calleeOf(file, call);
    const model = callee === undefined ? undefined : modelOf(callee);
    return model === undefined ? [] : openingsAt(file, call, { model }, name);
  });
}

/** Names of functions that may well return something open. */
const OPENING_NAME = /open|connect|conn$|socket|sock$|session|client|cursor|stream|_file$|handle|pool$|executor/i;

/** Openings by functions of other files of the project, if those return what they open. */
export function projectOpenings(file: ScannedFile): readonly OpeningAt[] {
  return file.source.calls.flatMap((call) => {
    const { func } = call;
    if (func.kind !== 'Name' || !OPENING_NAME.test(func.id)) return [];
    const callee = projectFunction(file, func);
    if (callee === undefined) return [];
    const condition: Condition = { kind: 'returns a resource', ...callee };
    return openingsAt(file, call, { model: ANY_RESOURCE }, func.id).map((opening) => ({ ...opening, condition }));
  });
}

function pathOpenCalls(file: ScannedFile): readonly Call[] {
  if (!mentions(file, 'pathlib')) return [];
  return (file.source.attributes.get('open') ?? []).flatMap((func) => {
    const call = func.parent;
    if (call?.kind !== 'Call' || call.func !== func) return [];
    const isPath = inferValues(file.index, file.source, func.value).some(
      (value) => value.kind === 'external' && value.called && PATH_CLASSES.has(value.name),
    );
    return isPath ? [call] : [];
  });
}

function openingsAt(file: ScannedFile, call: Call, opener: Opener, name: string): readonly OpeningAt[] {
  if (opener.opens?.(call) === false) return [];
  const owner = ownerOf(call);
  if (owner === undefined) return [];
  const common = { call, opener: name, owner };
  if (opener.elements === undefined) {
    const { model } = opener;
    return [{ ...common, model, effect: effectOf(file, { expr: call, model, isPart: false }) }];
  }
  const target = unpackingTarget(call);
  if (target === undefined)
    return droppedElement(call, opener).map((model) => ({ ...common, model, effect: { kind: 'use' } }));
  return opener.elements.flatMap((model, i): readonly OpeningAt[] => {
    const element = target[i];
    if (model === undefined || element?.kind !== 'Name') return [];
    return [{ ...common, model, effect: { kind: 'name', name: element.id, isPart: false } }];
  });
}

/** The names of `read, write = os.pipe()`. */
function unpackingTarget(call: Call): readonly Expr[] | undefined {
  const value = call.parent?.kind === 'Await' ? call.parent : call;
  const assign = value.parent;
  if (assign?.kind !== 'Assign' || assign.targets.length !== 1) return undefined;
  const [target] = assign.targets;
  if (target?.kind !== 'Tuple' && target?.kind !== 'List') return undefined;
  return target.elts.some(({ kind }) => kind === 'Starred') ? undefined : target.elts;
}

/** `mkstemp()[1]` forgets the descriptor. */
function droppedElement(call: Call, { elements }: Opener): readonly ResourceModel[] {
  const subscript = call.parent;
  if (subscript?.kind !== 'Subscript' || subscript.value !== call || subscript.slice.kind !== 'Constant') return [];
  const first = elements?.[0];
  return subscript.slice.value === 1 && first !== undefined ? [first] : [];
}

/** The function or module that runs a call when its own code runs; undefined in lambdas and class bodies. */
function ownerOf(call: Node): CodeOwner | undefined {
  let child = call;
  for (let parent = call.parent; parent !== undefined; child = parent, parent = parent.parent) {
    switch (parent.kind) {
      case 'Module':
        return parent;
      case 'FunctionDef':
      case 'AsyncFunctionDef':
        if (isStatement(child)) return parent;
        break;
      case 'ClassDef':
      case 'Lambda':
        return undefined;
      default:
    }
  }
  return undefined;
}

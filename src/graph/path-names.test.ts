import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryGraph } from '../../test/support/arbitrary-graph.ts';
import { graphFromText, type TextGraph } from '../../test/support/graph-from-text.ts';
import { type HeapGraph, packEdgeName } from './heap-graph.ts';
import { nodeNames } from './node-names.ts';
import { namePath, type PathName } from './path-names.ts';
import { shortestPaths } from './reachability.ts';
import { retainingPath } from './retaining-path.ts';

function nameOfPath(graph: TextGraph, node: string): PathName {
  return namePath(graph, retainingPath(shortestPaths(graph), graph.node(node))!);
}

/** The heap of a small shop: one module, a class, two functions, a thread. */
const SHOP = `
  root modules sys.modules -> sys [value] -> ns
  type sys dict
  root modules sys.modules -> modules -> users [value 1] -> users_ns [field __dict__]
  type modules dict; type users module; label users shop.users; flags users code
  flags users_ns namespace; type users_ns dict
  users_ns -> cache [global user_cache] -> user [value 7] -> user_dict [field __dict__] -> profile [attribute profile]
  type cache dict; type user shop.users.User; type user_dict dict; flags user_dict namespace
  users_ns -> User [global User] -> User_dict [field __dict__] -> registry [attribute registry]
  registry -> registered [element 3]
  type User type; label User shop.users.User; flags User code; flags User_dict namespace; type registry list
  User_dict -> load [attribute load] -> cells [field __closure__] -> cell [cell seen] -> seen [field cell_contents]
  type load function; label load User.load; flags load code; type cells tuple; type cell cell
  users_ns -> add [global add] -> defaults [field __defaults__] -> default [element 1]
  type add function; label add add; flags add code
  add -> kwdefaults [field __kwdefaults__] -> kwdefault [attribute bucket]; flags kwdefaults namespace
  users_ns -> alias [global handler]; type alias function; label alias make.<locals>.inner; flags alias code
  alias -> attrs [field __dict__] -> hits [attribute hits]; flags attrs namespace
  root thread MainThread -> thread -> frame [field frame] -> rows [local rows] -> row [element 0]
  type thread synthetic.thread; type frame synthetic.frame; flags thread synthetic; flags frame synthetic
  label thread MainThread; label frame handle (app.py:31); type rows list
  frame -> pushed [operand 0] -> found [scanned 2]; type found ext.Blob
`;

test.each([
  ['users', 'module shop.users'],
  ['cache', 'module shop.users › global user_cache'],
  ['user', "module shop.users › global user_cache › ['…']"],
  ['user_dict', "module shop.users › global user_cache › ['…'] › __dict__"],
  ['profile', "module shop.users › global user_cache › ['…'] › .profile"],
  ['User', 'module shop.users › class User'],
  ['registered', 'module shop.users › class User › .registry › […]'],
  ['load', 'module shop.users › function User.load'],
  ['seen', 'module shop.users › function User.load › closure seen'],
  ['default', 'module shop.users › function add › default [1]'],
  ['kwdefault', 'module shop.users › function add › default bucket'],
  ['hits', 'module shop.users › global handler › function make.<locals>.inner › .hits'],
  ['row', 'thread MainThread › frame handle (app.py:31) › local rows › […]'],
  ['found', 'thread MainThread › frame handle (app.py:31) › operand → (ext.Blob)'],
  ['modules', 'sys.modules'],
])('%s', (node, expected) => {
  expect(nameOfPath(graphFromText(SHOP), node).text).toBe(expected);
});

test('steps carry kind, name and the node they lead to', () => {
  const graph = graphFromText(SHOP);
  const drawn = (node: string): string[] =>
    nameOfPath(graph, node).steps.map((s) => `${s.kind} '${s.name}' ${graph.nameOf(s.node)}`);
  expect(drawn('profile')).toEqual([
    "module 'shop.users' users",
    "global 'user_cache' cache",
    "value '' user",
    "attribute 'profile' profile",
  ]);
  expect(drawn('seen').slice(1)).toEqual(["function 'User.load' load", "closure 'seen' seen"]);
});

test.each([
  ['root interned -> s', 's', 'interned strings'],
  ['root native -> d -> x [value]; type d dict', 'x', "native code → (dict) › ['…']"],
  ['root interpreter codecs -> x -> y [value]', 'y', "interpreter › codecs › ['…']"],
  ['root hooks atexit -> x -> y [element 0]', 'y', 'hooks › atexit › […]'],
  [
    'root static -> t -> d [field __dict__] -> x [attribute x]; type t type; label t int; flags t code',
    'x',
    'class int › .x',
  ],
  [
    'root thread Worker-1 -> x; type x Frame; flags x synthetic; label x run (w.py:3)',
    'x',
    'thread Worker-1 › frame run (w.py:3)',
  ],
  ['root builtins -> b; label b builtins; type b module; flags b code', 'b', 'module builtins'],
])('%s', (text, node, expected) => {
  expect(nameOfPath(graphFromText(text), node).text).toBe(expected);
});

test('what still runs and what a scan found go by their names', () => {
  const graph = graphFromText(`
    root modules -> m -> ns [field __dict__] -> jobs [global jobs] -> job [element 0] -> buffer [local buffer]
    label m app; type m module; flags m code; flags ns namespace; type jobs list
    type job generator; label job worker; job -> inner [field frame] -> old [local old]; type inner frame
    jobs -> task [element 1] -> coro [field coroutine] -> row [local row]; type coro coroutine; label coro fetch
    ns -> caught [global caught] -> tb [field __traceback__] -> fr [field tb_frame] -> x [local x]
    type fr frame; label fr handle (app.py:9)
    m -> Hidden [scanned 3] -> hidden_ns [field __dict__] -> y [attribute y]; type Hidden type; label Hidden app.Hidden
    flags Hidden code; flags hidden_ns namespace
    root interpreter codecs -> codecs; root interpreter sys.path_hooks -> Finder; type Finder type; flags Finder code
    label Finder sys.path_hooks`);
  expect(nameOfPath(graph, 'buffer').text).toBe('module app › global jobs › […] › generator worker › local buffer');
  expect(nameOfPath(graph, 'old').text).toBe('module app › global jobs › […] › generator worker › local old');
  expect(nameOfPath(graph, 'inner').text).toBe('module app › global jobs › […] › generator worker › frame');
  expect(nameOfPath(graph, 'row').text).toBe('module app › global jobs › […] › coroutine fetch › local row');
  expect(nameOfPath(graph, 'x').text).toBe(
    'module app › global caught › __traceback__ › tb_frame › frame handle (app.py:9) › local x',
  );
  expect(nameOfPath(graph, 'y').text).toBe('module app › class Hidden › .y');
  expect(nameOfPath(graph, 'Finder').text).toBe('interpreter › class sys.path_hooks');
});

test('begins at a class that is only reached through its instances, not at one that something holds', () => {
  const graph = graphFromText(`
    root modules -> m -> ns [field __dict__] -> things [global things] -> thing [element 0]
    label m app; type m module; flags m code; flags ns namespace; type things list
    thing -> Made [field __class__] -> made_ns [field __dict__] -> pool [attribute pool]
    things -> Held [element 1] -> held_ns [field __dict__] -> kept [attribute kept]
    label Made app.Made; label Held app.Held; type Made type; type Held type; flags Made code; flags Held code
    flags made_ns namespace; flags held_ns namespace`);
  expect(nameOfPath(graph, 'pool').text).toBe('class app.Made › .pool');
  expect(nameOfPath(graph, 'kept').text).toBe('module app › global things › […] › class Held › .kept');
  expect(nameOfPath(graph, 'Made').text).toBe('module app › global things › […] › __class__ › class Made');
});

test('a module that something else holds is named by its holder', () => {
  const graph = graphFromText(`
    root modules -> sys -> app [value 0] -> ns [field __dict__] -> plugins [global plugins] -> made [element 0]
    made -> made_ns [field __dict__] -> state [global state]
    type app module; type made module; label app app; label made plugin_1; flags app code; flags made code
    type plugins list; flags ns namespace; flags made_ns namespace`);
  expect(nameOfPath(graph, 'made').text).toBe('module app › global plugins › […] › module plugin_1');
  expect(nameOfPath(graph, 'state').text).toBe('module app › global plugins › […] › module plugin_1 › global state');
});

test('a chain is told once, with its length', () => {
  const chain = (length: number, link: (i: number) => string): string =>
    `root modules -> m; label m app; type m module; flags m code; m -> n0 [global head]\n${Array.from({ length }, (_, i) => link(i)).join('\n')}`;
  const linked = graphFromText(
    chain(500, (i) => `n${i} -> n${i + 1} [attribute next]; type n${i + 1} app.Node; type n0 app.Node`),
  );
  expect(nameOfPath(linked, 'n500').text).toBe('module app › global head › .next × 500');
  expect(nameOfPath(linked, 'n2').text).toBe('module app › global head › .next › .next');
  const viaDict = graphFromText(
    chain(
      1200,
      (i) =>
        `n${i} -> d${i} [field __dict__] -> n${i + 1} [attribute next]; type n${i + 1} app.Node; type n0 app.Node; type d${i} dict; flags d${i} namespace`,
    ),
  );
  expect(nameOfPath(viaDict, 'n1200').text).toBe('module app › global head › .next × 1,200');
  const nested = graphFromText(
    chain(
      40,
      (i) =>
        `n${i} -> l${i} [attribute children] -> n${i + 1} [element ${i}]; type l${i} list; type n${i + 1} app.Node`,
    ),
  );
  expect(nameOfPath(nested, 'n40').text).toBe('module app › global head › (.children › […]) × 40');
});

test('has a name for every path of any graph, however wrong its kinds, flags and labels are', () => {
  const FIELDS = ['', '__dict__', '__closure__', 'cell_contents', '__defaults__', '__class__', 'name'];
  const TYPES = ['object', 'module', 'type', 'function', 'generator', 'frame', 'synthetic.thread'];
  const random = fc.infiniteStream(fc.nat(1 << 20));
  fc.assert(
    fc.property(arbitraryGraph(), random, (drawn, stream) => {
      const next = (limit: number): number => stream.next().value! % limit;
      const types = TYPES.map((name) => ({ name, module: '', address: next(3) * 4096 }));
      const nodes = Uint32Array.from({ length: drawn.nodeCount }, (_, n) => n).filter(() => next(2) === 0);
      const graph: HeapGraph = {
        ...drawn,
        types,
        strings: FIELDS,
        typeOf: drawn.typeOf.map(() => next(types.length)),
        nodeFlags: drawn.nodeFlags.map(() => next(256)),
        edgeNames: drawn.edgeNames.map(() => packEdgeName(next(10) as 0, next(FIELDS.length))),
        roots: { ...drawn.roots, kinds: drawn.roots.kinds.map(() => next(8)) },
        labels: { nodes, labels: nodes.map(() => next(FIELDS.length)) },
      };
      const paths = shortestPaths(graph);
      const names = nodeNames(graph);
      for (let n = 0; n < graph.nodeCount; n++) {
        const path = retainingPath(paths, n);
        if (path === undefined) continue;
        const { text, steps } = namePath(graph, path, names);
        expect(text).not.toBe('');
        expect(text).not.toMatch(/undefined|› *$|^ *›/);
        expect(steps.length).toBeGreaterThan(0);
      }
    }),
    { numRuns: 300 },
  );
});

// Which functions run again and again while a process lives, as far as their own file says: request handlers, tasks,
// consumers, callbacks of servers and event loops, bodies of endless loops.

import { isStatement, walk } from '../../source/ast-walk.ts';
import type { Call, Expr, For, Node, Stmt, While } from '../../source/python-ast.ts';
import type { FunctionInfo } from '../../source/source-index.ts';
import { oncePerFile, type ScannedFile } from '../scanned-file.ts';

/** Decorators that make a function an entry point, by the last part of their name: `@app.route`, `@shared_task`. */
const ENTRY_DECORATORS: Readonly<Record<string, string>> = {
  route: 'handles requests',
  get: 'handles requests',
  post: 'handles requests',
  put: 'handles requests',
  patch: 'handles requests',
  delete: 'handles requests',
  head: 'handles requests',
  options: 'handles requests',
  api_route: 'handles requests',
  websocket: 'handles connections',
  websocket_route: 'handles connections',
  api_view: 'handles requests',
  view_config: 'handles requests',
  before_request: 'runs for every request',
  after_request: 'runs for every request',
  teardown_request: 'runs for every request',
  middleware: 'runs for every request',
  errorhandler: 'handles errors',
  exception_handler: 'handles errors',
  task: 'is a task',
  shared_task: 'is a task',
  actor: 'is a task',
  job: 'is a task',
  periodic_task: 'is a task',
  flow: 'is a task',
  agent: 'consumes messages',
  subscriber: 'consumes messages',
  listener: 'handles events',
  listens_for: 'handles events',
  event: 'handles events',
  on_event: 'handles events',
  receiver: 'handles events',
  websocket_endpoint: 'handles connections',
  message_handler: 'consumes messages',
  scheduled_job: 'runs on a schedule',
  repeat_every: 'runs on a schedule',
  tool: 'is called by clients',
  method: 'is called by clients',
  query: 'handles requests',
  mutation: 'handles requests',
};

/** Methods a framework calls for every request, message or connection. */
const ENTRY_METHODS: ReadonlyMap<RegExp, string> = new Map([
  [/^do_(?:GET|POST|PUT|DELETE|HEAD|PATCH|OPTIONS)$/, 'handles requests'],
  [
    /^(?:process_request|process_response|process_view|process_exception|process_item|process_spider_\w+)$/,
    'runs for every request',
  ],
  [
    /^(?:dispatch|dispatch_request|wsgi_app|asgi_app|handle_request|handle_message|handle_event|handle_error)$/,
    'handles requests',
  ],
  [
    /^(?:on_message|on_data|on_event|on_request|on_response|on_receive|on_connect|on_disconnect|on_open|on_close)$/,
    'handles events',
  ],
  [
    /^(?:data_received|datagram_received|connection_made|connection_lost|dataReceived|lineReceived|connectionMade)$/,
    'handles connections',
  ],
  [/^(?:emit|on_start|on_end|on_finish)$/, 'is called for every record'],
]);

/** Why the function runs again and again, in words that follow its name; undefined where its file does not say so. */
export function repeatingReason(file: ScannedFile, callee: FunctionInfo): string | undefined {
  const { node } = callee;
  if (node.kind === 'Lambda') return undefined;
  for (const decorator of node.decorator_list) {
    const reason = decoratorReason(decorator);
    if (reason !== undefined) return reason;
  }
  if (callee.class !== undefined) {
    for (const [pattern, reason] of ENTRY_METHODS) if (pattern.test(node.name)) return reason;
    if (/^(?:get|post|put|patch|delete|head|options)$/.test(node.name) && isView(callee)) return 'handles requests';
    if (/^handle$/.test(node.name) && /Handler|View|Command/.test(basesText(file, callee))) return 'handles requests';
  }
  const parameters = [...node.args.posonlyargs, ...node.args.args].map(({ arg }) => arg);
  if (callee.class !== undefined) parameters.shift();
  if (parameters[0] === 'request' || parameters.join() === 'scope,receive,send') return 'handles requests';
  if (parameters.join() === 'environ,start_response') return 'handles requests';
  if (parameters.join() === 'update,context') return 'consumes messages';
  // AWS Lambda calls its handler for each event, proxies their hooks for each flow.
  if (parameters.join() === 'event,context' && /handler/.test(node.name)) return 'handles events';
  if (parameters.join() === 'flow' && /^(?:request|response|requestheaders|responseheaders|error)$/.test(node.name)) {
    return 'handles requests';
  }
  return undefined;
}

/** Methods that make a function they are handed an entry point: `app.add_url_rule('/', view_func=index)`. */
const REGISTERING_METHODS: Readonly<Record<string, string>> = {
  add_url_rule: 'handles requests',
  add_route: 'handles requests',
  add_api_route: 'handles requests',
  add_websocket_route: 'handles connections',
  add_get: 'handles requests',
  add_post: 'handles requests',
  add_put: 'handles requests',
  add_delete: 'handles requests',
  add_job: 'runs on a schedule',
  add_periodic_task: 'runs on a schedule',
  basic_consume: 'consumes messages',
  message_callback_add: 'consumes messages',
  start_server: 'handles connections',
  start_unix_server: 'handles connections',
  add_reader: 'handles connections',
  register_function: 'handles requests',
};

/** Why a call makes the functions it is handed run again and again. */
export function registeringReason(call: Call): string | undefined {
  const { func } = call;
  return func.kind === 'Attribute' && Object.hasOwn(REGISTERING_METHODS, func.attr)
    ? REGISTERING_METHODS[func.attr]
    : undefined;
}

/** The loop around `node`, in the same function, that goes on as long as the process or its service does. */
export function endlessLoopAround(file: ScannedFile, node: Node): Node | undefined {
  let child = node;
  for (let parent = node.parent; parent !== undefined; child = parent, parent = parent.parent) {
    if (isEndless(file, parent) && parent.body.includes(child as never)) return parent;
    // A forked child goes through the loop's body once.
    if (parent.kind === 'Try' && endsProcess(parent.finalbody)) return undefined;
    if (parent.kind === 'Lambda' || parent.kind === 'ClassDef') return undefined;
    if ((parent.kind === 'FunctionDef' || parent.kind === 'AsyncFunctionDef') && isStatement(child)) return undefined;
  }
  return undefined;
}

/** Whether the last of the statements is `os._exit(…)`. */
function endsProcess(body: readonly Stmt[]): boolean {
  const last = body.at(-1);
  if (last?.kind !== 'Expr' || last.value.kind !== 'Call') return false;
  const { func } = last.value;
  return func.kind === 'Attribute' && func.attr === '_exit' && func.value.kind === 'Name' && func.value.id === 'os';
}

/** A loop is asked for again with every call in it. */
const endlessLoops = oncePerFile(() => new Map<Node, boolean>());

/** Whether a loop goes on as long as its service: `while` without end, or `for` over what keeps arriving. */
export function isEndless(file: ScannedFile, node: Node): node is While | For {
  if (node.kind === 'While') {
    const known = endlessLoops(file).get(node);
    if (known !== undefined) return known;
    const found = isEndlessWhile(node);
    endlessLoops(file).set(node, found);
    return found;
  }
  return (node.kind === 'For' || node.kind === 'AsyncFor') && keepsArriving(node.iter);
}

const SOURCE = /^(?:\w+_)?(?:consumer|subscriber|subscription|pubsub|websocket|ws|mailbox|inotify)$/;
const LISTENING = /^(?:listen|subscribe|consume|iter_messages|read_loop|watch|awatch|stream_events)$/;

/** `for message in consumer`, `async for message in pubsub.listen()`. */
function keepsArriving(iterable: Expr): boolean {
  if (iterable.kind === 'Name') return SOURCE.test(iterable.id);
  if (iterable.kind === 'Attribute') return SOURCE.test(iterable.attr);
  if (iterable.kind !== 'Call') return false;
  const { func } = iterable;
  return LISTENING.test(func.kind === 'Attribute' ? func.attr : func.kind === 'Name' ? func.id : '');
}

/**
 * `while True` that nothing leaves and that waits for something, or a loop on a flag of a service:
 * `while not self._stopped.is_set()`.
 */
function isEndlessWhile(loop: While): boolean {
  const { test } = loop;
  const isTrue = test.kind === 'Constant' && (test.value === true || test.value === 1);
  return isTrue ? !isLeft(loop) && waits(loop) : SERVICE_FLAG.test(flagOf(test));
}

const SERVICE_FLAG =
  /(?:^|_)(?:running|stop|stopped|stopping|shutdown|shutting_down|alive|exit|quit|terminated?|is_set)(?:_|$)/;

function flagOf(test: Expr): string {
  switch (test.kind) {
    case 'UnaryOp':
      return flagOf(test.operand);
    case 'Call':
      return flagOf(test.func);
    case 'Attribute':
      return test.attr === 'is_set' && test.value.kind === 'Attribute' ? test.value.attr : test.attr;
    case 'Name':
      return test.id;
    default:
      return '';
  }
}

/** Whether the loop has a `break`, `return` or `yield`: then it reads something to its end. */
function isLeft(loop: While): boolean {
  return hasBelow(
    loop,
    (node) => node.kind === 'Return' || node.kind === 'Yield' || (node.kind === 'Break' && loopOf(node) === loop),
  );
}

const WAITING =
  /^(?:sleep|wait|get|recv\w*|accept|select|poll|join|acquire|receive\w*|read\w*|fetch\w*|consume|listen|next_event|pop|blpop|brpop|dequeue|handle_request|process_events|run_pending|step|tick)$/;

/** Whether the loop waits for time to pass or something to come: computing loops end, whatever their test. */
function waits(loop: While): boolean {
  return hasBelow(loop, (node) => {
    if (node.kind === 'Await' || node.kind === 'AsyncFor' || node.kind === 'AsyncWith') return true;
    if (node.kind !== 'Call') return false;
    const { func } = node;
    return WAITING.test(func.kind === 'Attribute' ? func.attr : func.kind === 'Name' ? func.id : '');
  });
}

function hasBelow(loop: While, matches: (node: Node) => boolean): boolean {
  let found = false;
  for (const statement of loop.body) {
    walk(statement, (node) => {
      found ||= matches(node);
    });
  }
  return found;
}

function loopOf(node: Node): Node | undefined {
  let current = node.parent;
  while (current !== undefined && current.kind !== 'While' && current.kind !== 'For' && current.kind !== 'AsyncFor') {
    current = current.parent;
  }
  return current;
}

function decoratorReason(decorator: Expr): string | undefined {
  const named = decorator.kind === 'Call' ? decorator.func : decorator;
  // A command of a bot comes again; one of a command line runs once.
  if (named.kind === 'Attribute' && /^(?:command|hybrid_command)$/.test(named.attr)) {
    const object = named.value.kind === 'Name' ? named.value.id : '';
    return /bot|^commands$|^tree$/i.test(object) ? 'handles commands' : undefined;
  }
  if (named.kind === 'Name')
    return Object.hasOwn(ENTRY_DECORATORS, named.id) &&
      !/^(?:get|put|post|delete|head|event|method|query|options|patch)$/.test(named.id)
      ? ENTRY_DECORATORS[named.id]
      : undefined;
  return named.kind === 'Attribute' && Object.hasOwn(ENTRY_DECORATORS, named.attr)
    ? ENTRY_DECORATORS[named.attr]
    : undefined;
}

/** Whether the class around is a view or resource of a web framework, by the names of its bases. */
function isView(callee: FunctionInfo): boolean {
  return callee.class!.node.bases.some((base) => {
    const name = base.kind === 'Name' ? base.id : base.kind === 'Attribute' ? base.attr : '';
    return /View|Resource|Handler|Endpoint|Controller|APIView|ViewSet/.test(name);
  });
}

function basesText(file: ScannedFile, callee: FunctionInfo): string {
  return callee.class!.node.bases.map((base) => file.source.text.slice(base.start, base.end)).join(' ');
}

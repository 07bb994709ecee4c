// Names what a Python process runs: `gunicorn worker [shop]`, `python -m app`, `app.py`.
// A command line may hold secrets: only module names, script names and known words of known servers are ever shown.

/** What the name is derived from. */
export interface CommandFacts {
  readonly argv: readonly string[];
  readonly exe: string | undefined;
  /** Command line of the parent: a server's worker has the same as its master. */
  readonly parentArgv?: readonly string[] | undefined;
}

const LONGEST_NAME = 60;
const PYTHON_NAME = /^(python|pypy|graalpy)\d*(\.\d+)*[a-z]{0,2}$/;
const MODULE_NAME = /^[A-Za-z_][\w.]*$/;
/** `module:attribute`, also with a call behind it, as servers name the application they load. */
const APPLICATION = /^([A-Za-z_][\w./-]*):[A-Za-z_][\w.]*(\(\))?$/;

/** Servers that take `module:application` as an argument and run it in worker processes. */
const APPLICATION_SERVERS = new Set(['gunicorn', 'uvicorn', 'hypercorn', 'daphne', 'granian', 'waitress-serve']);
/** Programs whose first word says what the process does. */
const SUBCOMMANDS: Readonly<Record<string, ReadonlySet<string>>> = {
  celery: new Set(['worker', 'beat', 'flower', 'events', 'shell']),
  flask: new Set(['run', 'shell']),
  airflow: new Set(['scheduler', 'webserver', 'worker', 'triggerer', 'standalone', 'celery', 'dag-processor', 'tasks']),
  rq: new Set(['worker', 'worker-pool']),
  dagster: new Set(['dev', 'api']),
  prefect: new Set(['server', 'worker', 'agent']),
  streamlit: new Set(['run']),
  jupyter: new Set(['lab', 'notebook', 'server']),
  'manage.py': new Set(['runserver', 'shell', 'migrate', 'test', 'qcluster', 'rqworker', 'celery', 'process_tasks']),
};

const LOADER_OPTIONS_WITH_VALUE = new Set([
  '--argv0',
  '--audit',
  '--glibc-hwcaps-mask',
  '--glibc-hwcaps-prepend',
  '--inhibit-rpath',
  '--library-path',
  '--preload',
]);

/** The application in a few words. Never empty. */
export function applicationName(facts: CommandFacts): string {
  const argv = withoutLoader(facts.argv);
  const name = titleName(argv) ?? commandName(argv, facts.exe, facts.parentArgv && withoutLoader(facts.parentArgv));
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME - 1)}…` : name;
}

/** A program may be started through the dynamic loader, with the loader's own options before it: ld.so(8). */
function withoutLoader(argv: readonly string[]): readonly string[] {
  if (!/^ld(-linux[\w-]*|-musl[\w-]*)?\.so[\d.]*$/.test(baseName(argv[0] ?? ''))) return argv;
  let at = 1;
  while (at < argv.length && argv[at]!.startsWith('-')) at += LOADER_OPTIONS_WITH_VALUE.has(argv[at]!) ? 2 : 1;
  return argv.slice(at);
}

/** Titles that servers write over their command line (setproctitle). */
function titleName(argv: readonly string[]): string | undefined {
  const title = argv.join(' ').trim();
  const gunicorn = /^gunicorn: (master|worker|arbiter) \[([\w.:/@-]+)\]/.exec(title);
  if (gunicorn !== null) return `gunicorn ${gunicorn[1]} [${applicationModule(gunicorn[2]!)}]`;
  const celery = /^\[celery(?:d|beat)?: ?[^\]]*?:(MainProcess|[A-Za-z]+PoolWorker-\d+)\]/.exec(title);
  if (celery !== null) return `celery worker (${celery[1]})`;
  if (/^\[?celery beat\]?/.test(title)) return 'celery beat';
  return undefined;
}

function commandName(
  argv: readonly string[],
  exe: string | undefined,
  parentArgv: readonly string[] | undefined,
): string {
  const program = baseName(argv[0] ?? '').replace(/^-/, '');
  if (!PYTHON_NAME.test(program)) {
    // An embedding program (uwsgi) has its own name; a title we do not know may say anything, so only its first word.
    const exeName = baseName(exe ?? '').replace(/ \(deleted\)$/, '');
    if (exeName !== '' && !PYTHON_NAME.test(exeName) && !exeName.startsWith('ld-')) return exeName;
    return /^[\w.@-]+/.exec(program)?.[0] ?? 'python';
  }
  const command = parseCommand(argv);
  switch (command.kind) {
    case 'code':
      return codeName(command.code, argv);
    case 'interactive':
      return 'python (interactive)';
    case 'module':
      return knownProgram(command.name, command.rest, argv, parentArgv) ?? `python -m ${moduleName(command.name)}`;
    case 'script': {
      const script = baseName(command.name);
      const shown = script === '__main__.py' ? command.name.split('/').slice(-2).join('/') : script;
      return knownProgram(script, command.rest, argv, parentArgv) ?? shown;
    }
  }
}

type Command =
  | { readonly kind: 'code'; readonly code: string }
  | { readonly kind: 'interactive' }
  | { readonly kind: 'module' | 'script'; readonly name: string; readonly rest: readonly string[] };

/** Reads the interpreter's own options as `python --help` lists them, up to what it runs. */
function parseCommand(argv: readonly string[]): Command {
  for (let i = 1; i < argv.length; i++) {
    const word = argv[i]!;
    if (word === '-') return { kind: 'interactive' };
    if (word.startsWith('--')) {
      if (word === '--check-hash-based-pycs') i++;
      continue;
    }
    if (!word.startsWith('-')) return { kind: 'script', name: word, rest: argv.slice(i + 1) };
    // Letters may be joined (`-Im`); c, m, W and X take the rest of the word, or the next one.
    for (let at = 1; at < word.length; at++) {
      const letter = word[at]!;
      if (!'cmWX'.includes(letter)) continue;
      const value = word.slice(at + 1) || (argv[++i] ?? '');
      if (letter === 'c') return { kind: 'code', code: value };
      if (letter === 'm') return { kind: 'module', name: value, rest: argv.slice(i + 1) };
      break;
    }
  }
  return { kind: 'interactive' };
}

/** Code on the command line is never shown, but the standard library's own helpers are known by theirs. */
function codeName(code: string, argv: readonly string[]): string {
  if (argv.includes('--multiprocessing-fork') || code.startsWith('from multiprocessing.spawn import spawn_main')) {
    return 'multiprocessing worker';
  }
  if (code.startsWith('from multiprocessing.resource_tracker import')) return 'multiprocessing resource tracker';
  if (code.startsWith('from multiprocessing.forkserver import')) return 'multiprocessing fork server';
  return 'python -c …';
}

function knownProgram(
  program: string,
  rest: readonly string[],
  argv: readonly string[],
  parentArgv: readonly string[] | undefined,
): string | undefined {
  const name = program.replace(/\.__main__$/, '');
  if (APPLICATION_SERVERS.has(name)) {
    const role = isSameCommand(argv, parentArgv) ? `${name} worker` : name;
    const application = rest.find((word) => APPLICATION.test(word));
    return application === undefined ? role : `${role} [${applicationModule(application)}]`;
  }
  const words = SUBCOMMANDS[name];
  if (words === undefined) return undefined;
  const subcommand = rest.find((word) => words.has(word));
  const project = name === 'celery' ? optionValue(rest, '-A', '--app') : undefined;
  const named = project !== undefined && /^[A-Za-z_][\w.:]*$/.test(project) ? ` [${applicationModule(project)}]` : '';
  return `${name}${subcommand === undefined ? '' : ` ${subcommand}`}${named}`;
}

function optionValue(words: readonly string[], short: string, long: string): string | undefined {
  const index = words.findIndex((word) => word === short || word === long);
  if (index >= 0) return words[index + 1];
  return words.find((word) => word.startsWith(`${long}=`))?.slice(long.length + 1);
}

/** `shop.wsgi:app` is shown as `shop.wsgi`; a path as its last part. */
function applicationModule(application: string): string {
  return baseName(application.split(':')[0]!);
}

function moduleName(name: string): string {
  return MODULE_NAME.test(name) ? name : '…';
}

function isSameCommand(argv: readonly string[], other: readonly string[] | undefined): boolean {
  return other !== undefined && argv.length === other.length && argv.every((word, i) => word === other[i]);
}

function baseName(path: string): string {
  const trimmed = path.replace(/\/+$/, '');
  return trimmed.slice(trimmed.lastIndexOf('/') + 1);
}

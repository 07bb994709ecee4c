// L13: a database session of SQLAlchemy that is made once for the module and used by its functions.

import type { Expr, Name } from '../../../source/python-ast.ts';
import { dottedName } from '../../../source/qualified-name.ts';
import { bindingOf, enclosingFunction, type FunctionInfo } from '../../../source/source-index.ts';
import { repeatingReason } from '../../lifetimes/repetition.ts';
import type { Rule } from '../../rule.ts';
import type { ScannedFile } from '../../scanned-file.ts';

export const ormSessionLonglived: Rule = {
  name: 'orm-session-longlived',
  code: 'L13',
  cause: 'long-running process',
  sameAs: [],
  words: ['sqlalchemy', 'sqlmodel'],
  doc: {
    what: 'A SQLAlchemy session made once for the module and used by its functions, without ever being closed.',
    why: 'A session keeps a connection with an open transaction, every new or changed object until it is flushed, and whatever the program still refers to, with all it has loaded. One for the whole process is never ended: the transaction stays open, and failed ones leave their objects behind.',
    evidence:
      'A module’s variable is given `Session(…)`, a session maker’s call or a `scoped_session`, functions of the file query or add with it, and nothing in the file closes, removes or enters it; for a `scoped_session` nothing in the project removes it. Medium where a request handler, task or consumer runs one of them, else low.',
    fix: 'Make a session for each piece of work: `with Session(engine) as session:`. A `scoped_session` is removed at the end of the request. There is no automatic fix.',
    ignore: 'The file is a script that ends.',
    example: {
      leaks: `
from sqlalchemy.orm import sessionmaker

Session = sessionmaker(bind=engine)
session = Session()

@app.get("/users")
def users():
    return session.query(User).all()
`,
      fine: `
from sqlalchemy.orm import sessionmaker

Session = sessionmaker(bind=engine)

@app.get("/users")
def users():
    with Session() as session:
        return session.query(User).all()
`,
    },
  },
  check(file, report) {
    for (const binding of file.source.scopes.module.bindings.values()) {
      const [definition] = binding.definitions;
      if (binding.definitions.length !== 1 || definition?.kind !== 'value') continue;
      const kind = sessionMadeBy(file, definition.value);
      if (kind === undefined) continue;
      const uses = (file.source.names.get(binding.name) ?? []).filter(
        (name) => bindingOf(file.source, name) === binding,
      );
      if (uses.some(isEnded)) continue;
      const users = uses.flatMap((use) => (isWork(use) ? (enclosingFunction(file.source, use) ?? []) : []));
      const user = users.find((callee) => repeatingReason(file, callee) !== undefined) ?? users[0];
      if (user === undefined) continue;
      const { module } = file.source;
      report({
        node: definition.node,
        confidence: 'medium',
        message: `\`${binding.name}\` is one session for the life of the process: its transaction stays open and its objects stay in it`,
        remedy:
          kind === 'scoped'
            ? 'call `remove()` when a request ends'
            : 'make a session for each piece of work, in a `with`',
        evidence: [{ node: workOf(uses, file, user), text: 'used here' }],
        conditions: [
          { condition: { kind: 'runs repeatedly', module, qualname: user.qualname }, otherwise: 'low' },
          { condition: { kind: 'global is not shrunk elsewhere', module, name: binding.name }, otherwise: 'drop' },
        ],
        subject: { form: 'global', module, name: binding.name },
      });
    }
  },
};

const SESSIONS = /^(?:sqlalchemy\.(?:orm|ext\.asyncio)(?:\.\w+)?|sqlmodel)\.(?:Session|AsyncSession)$/;
const MAKERS = /^sqlalchemy\.(?:orm|ext\.asyncio)(?:\.\w+)?\.(?:sessionmaker|async_sessionmaker)$/;
const SCOPED = /^sqlalchemy\.(?:orm|ext\.asyncio)(?:\.\w+)?\.(?:scoped_session|async_scoped_session)$/;

function sessionMadeBy(file: ScannedFile, value: Expr): 'plain' | 'scoped' | undefined {
  if (value.kind !== 'Call') return undefined;
  const name = dottedName(file.source, value.func) ?? '';
  if (SESSIONS.test(name)) return 'plain';
  if (SCOPED.test(name)) return 'scoped';
  return isMaker(file, value.func) ? 'plain' : undefined;
}

/** `sessionmaker(…)` itself, or the module's variable that holds one. */
function isMaker(file: ScannedFile, expr: Expr): boolean {
  if (expr.kind === 'Call') return MAKERS.test(dottedName(file.source, expr.func) ?? '');
  if (expr.kind !== 'Name') return false;
  const definitions = bindingOf(file.source, expr)?.definitions ?? [];
  return definitions.some(
    (definition) => definition.kind === 'value' && definition.value.kind === 'Call' && isMaker(file, definition.value),
  );
}

function isEnded({ parent }: Name): boolean {
  if (parent?.kind === 'withitem') return true;
  return parent?.kind === 'Attribute' && /^(?:close|remove|close_all|expunge_all|reset|invalidate)$/.test(parent.attr);
}

const WORK = /^(?:query|execute|scalars?|get|add|add_all|merge|delete|flush|commit|refresh|bulk_\w+)$/;

function isWork({ parent }: Name): boolean {
  return parent?.kind === 'Attribute' && WORK.test(parent.attr);
}

function workOf(uses: readonly Name[], file: ScannedFile, user: FunctionInfo): Name {
  return uses.find((use) => isWork(use) && enclosingFunction(file.source, use) === user)!;
}

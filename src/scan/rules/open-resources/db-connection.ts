// R07: a database connection that nothing closes.

import type { Rule } from '../../rule.ts';
import { reportUnreleased } from './leak-findings.ts';

export const dbConnection: Rule = {
  name: 'db-connection',
  code: 'R07',
  cause: 'open resource',
  sameAs: [],
  words: ['connect'],
  doc: {
    what: 'A database connection opened in a function and never closed, not seldom behind a `with` statement that only commits.',
    why: 'Connections are few: a server refuses the next one when its limit is reached. `with sqlite3.connect(path) as db:` looks as if it closed the connection, but only ends the transaction; psycopg2 and pyodbc do the same.',
    evidence:
      'No way through the function closes the connection, and neither it nor a cursor of it is returned, stored or passed on. Which drivers close at the end of `with` is known for the usual ones.',
    fix: 'Wrap it in `contextlib.closing`, or close it in a `finally` block. Where the driver closes at the end of `with`, the automatic fix writes that; it is unsafe, since it commits as well.',
    ignore: 'When a pool around the driver takes connections back by itself.',
    example: {
      leaks: `
import sqlite3

def count(path):
    with sqlite3.connect(path) as db:
        return db.execute("select count(*) from users").fetchone()[0]
`,
      fine: `
import sqlite3
from contextlib import closing

def count(path):
    with closing(sqlite3.connect(path)) as db:
        return db.execute("select count(*) from users").fetchone()[0]
`,
    },
  },
  check(file, report) {
    reportUnreleased(file, 'database', report);
  },
};

import { expect, test } from 'vitest';
import { expectMarkedLines, fixed } from '../../../../test/support/scan-cases.ts';
import { dbConnection } from './db-connection.ts';

test('connections that nothing closes; with does not, for sqlite3', () => {
  expectMarkedLines(
    dbConnection,
    `
import sqlite3, psycopg2, pandas

def count(path):
    db = sqlite3.connect(path)  # <- finds high
    cursor = db.cursor()
    cursor.execute("select 1")
    return cursor.fetchone()

def commit(path):
    with sqlite3.connect(path) as db:  # <- finds high
        db.execute("delete from users")

def entered(path):
    db = sqlite3.connect(path)  # <- finds high
    with db:
        db.execute("delete from users")

def frame(path):
    return pandas.read_sql("select 1", sqlite3.connect(path))  # <- finds medium
`,
  );
});

test('closed, or the cursor is handed on', () => {
  expectMarkedLines(
    dbConnection,
    `
import sqlite3, psycopg
from contextlib import closing

def count(path):
    with closing(sqlite3.connect(path)) as db:
        return db.execute("select 1").fetchone()

def finally_closed(path):
    db = sqlite3.connect(path)
    try:
        with db:
            db.execute("delete from users")
    finally:
        db.close()

def modern(dsn):
    with psycopg.connect(dsn) as db:
        db.execute("select 1")

def rows(path):
    db = sqlite3.connect(path)
    return db.execute("select 1")

def kept(app):
    db = sqlite3.connect("x")
    app.db = db
`,
  );
});

test('closing closes, and the with statement over the connection goes on to commit', () => {
  expect(
    fixed(
      dbConnection,
      'import sqlite3\n\ndef count(path):\n    with sqlite3.connect(path) as db:\n        return db.execute("x").fetchone()\n',
    ),
  ).toBe(
    'import contextlib\nimport sqlite3\n\ndef count(path):\n    with contextlib.closing(sqlite3.connect(path)) as db, db:\n        return db.execute("x").fetchone()\n',
  );
  expect(
    fixed(
      dbConnection,
      'import sqlite3\nfrom contextlib import closing\n\ndef count(path):\n    db = sqlite3.connect(path)\n    return db.execute("x").fetchone()\n',
    ),
  ).toBe(
    'import sqlite3\nfrom contextlib import closing\n\ndef count(path):\n    with closing(sqlite3.connect(path)) as db:\n        return db.execute("x").fetchone()\n',
  );
});

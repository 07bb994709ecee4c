import { expect, test } from 'vitest';
import { expectMarkedLines, findingsIn, findingsInProject } from '../../../../test/support/scan-cases.ts';
import { ormSessionLonglived } from './orm-session-longlived.ts';

test('sessions of the module, used by functions', () => {
  expectMarkedLines(
    ormSessionLonglived,
    `
from sqlalchemy.orm import Session, scoped_session, sessionmaker

Maker = sessionmaker(bind=engine)
a = Maker()  # <- finds medium
b = sessionmaker(bind=engine)()  # <- finds medium
c = Session(engine)  # <- finds medium
d = scoped_session(Maker)  # <- finds medium
e = Session(engine)  # <- finds low

@app.get("/users")
def users():
    return a.query(User), b.add(1), c.execute(2), d.get(User, 1)
def report():
    return e.query(User)
`,
  );
});

test('sessions for each piece of work, and those that are ended, are fine', () => {
  expectMarkedLines(
    ormSessionLonglived,
    `
from sqlalchemy.orm import Session, scoped_session, sessionmaker
Maker = sessionmaker(bind=engine)
a = Maker()
b = scoped_session(Maker)
c = Session(engine)
d = Session(engine)
d.query(User)
e = Session

@app.get("/users")
def users(session):
    session.query(User)
    with Maker() as local:
        local.query(User)
    own = Maker()
    own.add(1)
    a.query(User)
    a.close()
    b.query(User)
    with c:
        c.query(User)
@app.teardown_request
def end(error):
    b.remove()
`,
  );
  expect(findingsIn(ormSessionLonglived, 'session = Session()\ndef f(request):\n    session.get("/x")\n')).toEqual([]);
});

test('a scoped session may be removed in another file', () => {
  const files = {
    'app.db': `
from sqlalchemy.orm import scoped_session, sessionmaker
session = scoped_session(sessionmaker())
@app.get("/users")
def users():
    return session.query(User)
`,
  };
  const teardown = 'from app.db import session\n@app.teardown_request\ndef end(error):\n    session.remove()\n';
  expect(findingsInProject(ormSessionLonglived, files)).toHaveLength(1);
  expect(findingsInProject(ormSessionLonglived, { ...files, 'app.web': teardown })).toEqual([]);
});

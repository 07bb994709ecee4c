// R06: a socket, HTTP session or other network client that nothing closes.

import type { Rule } from '../../rule.ts';
import { reportUnreleased } from './leak-findings.ts';

export const socketOrClient: Rule = {
  name: 'socket-or-client',
  code: 'R06',
  cause: 'open resource',
  sameAs: [],
  doc: {
    what: 'A socket, HTTP session, SMTP, FTP or other network client in a local variable that is never closed.',
    why: 'It holds a connection, and a client often a whole pool of them and a thread. The other side keeps its end open too. What the interpreter closes by itself it closes late where the client is part of a reference cycle, as many are.',
    evidence:
      'Every way through the function is followed: none closes the client, and it is not returned, stored, captured or passed to code that may keep it. The confidence is high for one bound to a name, medium for one used on the spot (`requests.Session().get(url)`). Module-level clients are taken to be meant for as long as the program runs.',
    fix: 'Open it in a `with` (or `async with`) statement, or make one at start and share it. The automatic fix writes the statement; it is unsafe, as a response may be read after the client is closed.',
    ignore: 'When the library documents that the client need not be closed.',
    example: {
      leaks: `
import requests

def load(url):
    session = requests.Session()
    session.headers["Accept"] = "text/html"
    return session.get(url).text
`,
      fine: `
import requests

def load(url):
    with requests.Session() as session:
        session.headers["Accept"] = "text/html"
        return session.get(url).text
`,
    },
  },
  check(file, report) {
    reportUnreleased(file, 'client', report);
  },
};

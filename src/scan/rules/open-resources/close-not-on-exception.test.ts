import { expect, test } from 'vitest';
import { expectMarkedLines, findingsIn, fixed } from '../../../../test/support/scan-cases.ts';
import { closeNotOnException } from './close-not-on-exception.ts';

test('releases that an exception, a return or a closed generator skips', () => {
  expectMarkedLines(
    closeNotOnException,
    `
import csv, socket, io

def raised(path, parse):
    f = open(path)
    rows = [parse(row) for row in csv.reader(f)]
    f.close()  # <- finds medium
    return rows

def left(path):
    f = open(path)
    if not f.readline():
        return None
    f.close()  # <- finds medium
    return 1

def only_on_error(data, send):
    f = io.FileIO(data)
    try:
        send(f.read())
    except Exception:
        f.close()  # <- finds medium
        raise
    return send

def generated(path):
    f = open(path)
    for line in f:
        yield line
    f.close()  # <- finds

def narrow(path, parse):
    f = open(path)
    try:
        parse()
    except ValueError:
        return None
    f.close()  # <- finds

async def awaited(path, wait):
    f = open(path)
    await wait
    f.close()  # <- finds

def handed_on(address):
    s = socket.socket()  # <- finds medium
    s.connect(address)
    return s

def first_of(addresses):
    for address in addresses:
        try:
            s = socket.create_connection(address)
            s.sendall(b"x")
            s.close()  # <- finds
        except OSError:
            continue
`,
  );
});

test('what may go wrong in between is nothing, or is taken care of', () => {
  expectMarkedLines(
    closeNotOnException,
    `
import logging, os, socket, sys

log = logging.getLogger(__name__)

def simple(path):
    f = open(path)
    log.info("opened %s", path)
    size = len(path)
    f.close()
    return size

def protected(path, parse):
    f = open(path)
    try:
        return parse(f.read())
    finally:
        f.close()

def entered(path, parse):
    f = open(path)
    with f:
        return parse(f.read())

def closed_twice(path, parse):
    f = open(path)
    try:
        data = parse(f.read())
    except ValueError:
        f.close()
        raise
    f.close()
    return data

def in_handler(addresses):
    for address in addresses:
        s = socket.socket()
        try:
            s.connect(address)
        except OSError:
            s.close()
            continue
        return s

def reraises(address):
    s = socket.socket()
    try:
        s.connect(address)
        return s
    except:
        s.close()
        raise

def conditional(path, parse):
    f = open(path) if path else sys.stdin
    try:
        return parse(f.read())
    finally:
        if path:
            f.close()

def exits(path, check):
    f = open(path)
    if not f.readable():
        sys.exit(1)
    f.close()

def returned(path):
    return open(path)
`,
  );
});

test('says where it is opened and what may raise', () => {
  const [finding] = findingsIn(closeNotOnException, closeNotOnException.doc.example.leaks);
  expect(finding!.message).toBe('`f` holds a file that is not closed if an exception comes first');
  expect(finding!.evidence.map(({ range, text }) => `${range.line} ${text}`)).toEqual(['3 opened here', '4 may raise']);
});

test('the with statement takes the place of the close', () => {
  expect(
    fixed(
      closeNotOnException,
      `
def read(path, parse):
    f = open(path)

    rows = [
        parse(line)  # each
        for line in f
    ]
    f.close()
    return rows
`,
    ),
  ).toBe(`
def read(path, parse):
    with open(path) as f:

        rows = [
            parse(line)  # each
            for line in f
        ]
    return rows
`);
});

test.each([
  [
    'it is closed in several places',
    'f = open(p)\n    if g(f.read()):\n        f.close()\n        return 1\n    g(2)\n    f.close()',
  ],
  ['it is used after', 'f = open(p)\n    g(f.read())\n    f.close()\n    print(f.closed)'],
  ['the close shares its line', 'f = open(p)\n    g(f.read())\n    f.close(); g(1)'],
  ['it is handed on', 'f = open(p)\n    g(f.read())\n    return f'],
])('no fix where %s', (_, body) => {
  const text = `def read(p, g):\n    ${body}\n`;
  expect(findingsIn(closeNotOnException, text).length).toBe(1);
  expect(fixed(closeNotOnException, text)).toBeUndefined();
});

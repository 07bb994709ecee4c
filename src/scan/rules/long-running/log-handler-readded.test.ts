import { expect, test } from 'vitest';
import { expectMarkedLines, findingsInProject, fixed } from '../../../../test/support/scan-cases.ts';
import { logHandlerReadded } from './log-handler-readded.ts';

test('handlers made and added at every call, by how often that is', () => {
  expectMarkedLines(
    logHandlerReadded,
    `
import logging, multiprocessing
from logging import getLogger

log = getLogger(__name__)

def get_logger(name):
    logger = logging.getLogger(name)
    handler = logging.StreamHandler()  # <- finds medium
    handler.setLevel(10)
    logger.addHandler(handler)
    return logger

def setup_logging(path):
    logging.getLogger().addHandler(logging.FileHandler(path))  # <- finds low
    logging.root.addHandler(logging.StreamHandler())  # <- finds low

def setup_logger(name):
    logger = getLogger(name)
    logger.addHandler(logging.StreamHandler())  # <- finds medium
    return logger

def pool_logger():
    logger = multiprocessing.get_logger()
    logger.addHandler(logging.StreamHandler())  # <- finds medium
    return logger

class Helper:
    def __init__(self, out):
        logger = logging.getLogger('helper')
        self._logger = logger
        if isinstance(out, str):
            handler = logging.FileHandler(out)
        else:
            handler = logging.StreamHandler(out)  # <- finds medium
        logger.addHandler(handler)

@app.route('/debug')
def debug(request):
    handler = logging.StreamHandler()  # <- finds high
    log.addHandler(handler)
`,
  );
});

test('guarded, paired and cached additions, handlers and loggers from elsewhere are fine', () => {
  const file = `
import functools, logging

logging.getLogger().addHandler(logging.NullHandler())

def guarded(name):
    logger = logging.getLogger(name)
    if not logger.handlers:
        logger.addHandler(logging.StreamHandler())
    return logger

def early(name):
    logger = logging.getLogger(name)
    if logger.hasHandlers():
        return logger
    logger.addHandler(logging.StreamHandler())
    return logger

def flagged():
    global _configured
    if _configured:
        return
    _configured = True
    logging.getLogger().addHandler(logging.StreamHandler())

@functools.lru_cache
def once():
    logging.getLogger('x').addHandler(logging.StreamHandler())

def cleared(name):
    logger = logging.getLogger(name)
    logger.handlers = []
    logger.addHandler(logging.StreamHandler())

def given(name, handler):
    logging.getLogger(name).addHandler(handler)

def unknown(logger):
    logger.addHandler(logging.StreamHandler())

class Task:
    def __init__(self):
        self.logger = logging.getLogger(f'task.{self.id}')
        self.logger.addHandler(logging.StreamHandler())
        own = logging.Logger('own')
        own.addHandler(logging.StreamHandler())
`;
  expectMarkedLines(logHandlerReadded, file);
  expectMarkedLines(
    logHandlerReadded,
    `
import logging
class Capture:
    def __enter__(self):
        self.handler = Handler()
        handler = logging.StreamHandler()
        logging.getLogger().addHandler(handler)
    def __exit__(self, *error):
        logging.getLogger().removeHandler(self.handler)
`,
  );
});

test('a class made for every request makes it certain', () => {
  const [finding] = findingsInProject(logHandlerReadded, {
    service: `
import logging
class Service:
    def __init__(self):
        logging.getLogger('service').addHandler(logging.StreamHandler())
`,
    web: `
from service import Service
@app.route('/')
def index():
    return Service()
`,
  });
  expect(finding?.confidence).toBe('high');
});

test('the fix puts making and adding below a test', () => {
  expect(
    fixed(
      logHandlerReadded,
      `import logging

def get_logger():
    log = logging.getLogger('a')
    log.setLevel(10)
    # to the terminal
    handler = logging.StreamHandler()
    handler.setLevel(10)  # all
    log.addHandler(handler)
    return log
`,
    ),
  ).toBe(`import logging

def get_logger():
    log = logging.getLogger('a')
    log.setLevel(10)
    # to the terminal
    if not log.handlers:
        handler = logging.StreamHandler()
        handler.setLevel(10)  # all
        log.addHandler(handler)
    return log
`);
});

test('no fix with several handlers, or a handler used later', () => {
  for (const lines of [
    ['log.addHandler(A())', 'log.addHandler(B())'],
    ['h = A()', 'log.addHandler(h)', 'h.setLevel(1)'],
    ['h = A(', '  1)', 'log.addHandler(h)'],
  ]) {
    const text = ['import logging', 'def f():', "    log = logging.getLogger('a')", ...lines.map((l) => `    ${l}`)];
    expect(fixed(logHandlerReadded, text.join('\n'))).toBeUndefined();
  }
});

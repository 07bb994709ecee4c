import { expect, test } from 'vitest';
import { expectMarkedLines, findingsIn } from '../../../../test/support/scan-cases.ts';
import { loggerPerInstance } from './logger-per-instance.ts';

test('names formatted from what differs from object to object', () => {
  expectMarkedLines(
    loggerPerInstance,
    `
import logging
from logging import getLogger

class Connection:
    def __init__(self, cid, peer, site):
        self.cid = cid
        self.a = logging.getLogger(f"{__name__}.{cid}")  # <- finds medium
        self.b = getLogger("conn-%s" % self.cid)  # <- finds
        self.c = getLogger("conn-{}".format(peer))  # <- finds
        self.d = getLogger("conn-" + str(id(self)))  # <- finds
        self.e = getLogger(name=".".join([__name__, site]))
        self.f = logger.getChild(str(cid))  # <- finds
        self.g = getLogger(f"app.{site}")  # <- finds low
        self.h = getLogger(cid)  # <- finds medium

@app.get("/jobs")
def handle(request, job_id):
    log = getLogger(f"job.{job_id}")  # <- finds high
    return Job(job_id, "x")

class Job:
    def __init__(self, job_id, queue):
        self.log = getLogger(f"job.{job_id}")  # <- finds high
        self.other = getLogger(f"queue.{queue}")  # <- finds medium
`,
  );
});

test('names of modules, classes and constants, and adapters, are fine', () => {
  expectMarkedLines(
    loggerPerInstance,
    `
import logging
import os
from logging import getLogger
PREFIX = "app"
LOG = getLogger(f"{PREFIX}.{os.getpid()}")

class Service:
    kind = "service"
    def __init__(self, name, module):
        logging.getLogger()
        getLogger(__name__)
        getLogger(name)
        getLogger(f"{__name__}.{type(self).__name__}")
        getLogger(f"{__name__}.{self.__class__.__qualname__}")
        getLogger(self.__class__.__module__ + "." + self.kind)
        getLogger("%s.%s" % (PREFIX, self.kind))
        own = self.__class__.__name__
        getLogger(f"{__name__}.{own}")
        getLogger(f"{PREFIX}.{self.NAME}")
        logging.LoggerAdapter(LOG, {"id": name})
    @classmethod
    def make(cls, tag):
        getLogger(f"{cls.__name__}")
`,
  );
});

test('the message names what varies', () => {
  const [finding] = findingsIn(loggerPerInstance, loggerPerInstance.doc.example.leaks);
  expect(finding!.message).toBe(
    'every distinct `connection_id` makes another logger, and `logging` keeps each for good',
  );
});

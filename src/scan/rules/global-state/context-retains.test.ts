import { test } from 'vitest';
import { expectMarkedLines } from '../../../../test/support/scan-cases.ts';
import { contextRetains } from './context-retains.ts';

test('exceptions, objects and containers that nothing resets', () => {
  expectMarkedLines(
    contextRetains,
    `
import sys, threading
from contextvars import ContextVar
from vendored import ContextVar as CV

error = ContextVar('error')
current = ContextVar('current')
items = ContextVar('items')
state = threading.local()

def run(work, hint):
    exc_info = hint.get('exc_info')
    exc = exc_info[1]
    error.set(exc)  # <- finds medium
    items.set([])  # <- finds low
    state.info = sys.exc_info()  # <- finds medium

class Span:
    def __init__(self):
        self._seen = CV('seen')
    def start(self):
        current.set(self)  # <- finds medium
        state.span = self  # <- finds medium
    def fail(self):
        try:
            work()
        except Exception as e:
            self._seen.set(e)  # <- finds medium
`,
  );
});

test('reset, weak, light and fallback values are fine, and so are other things called set', () => {
  expectMarkedLines(
    contextRetains,
    `
import threading, weakref
from contextvars import ContextVar

error = ContextVar('error')
current = ContextVar('current')
name = ContextVar('name', default='')
state = threading.local()

class Span:
    def enter(self):
        self.token = current.set(self)
    def note(self, future, config, event):
        current.set(self)
        future.set(self)
        config.set([])
        event.set()
        name.set('x')
        name.set(future.name)
    def leave(self):
        current.reset(self.token)
    def started(self):
        state.span = self
    def stopped(self):
        state.span = None

active = ContextVar('active')

class Hub:
    def __enter__(self):
        self.old = active.get()
        active.set(self)
    def __exit__(self, *error):
        active.set(self.old)

def call(work):
    try:
        work()
    except Exception as e:
        try:
            error.set(weakref.ref(e))
        except TypeError:
            error.set(e)

def scoped(work):
    try:
        work()
    except Exception as e:
        error.set(e)
        report()
        error.set(None)
`,
  );
});

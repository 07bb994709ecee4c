import { test } from 'vitest';
import { expectMarkedLines } from '../../../../test/support/scan-cases.ts';
import { boundCallbackCycle } from './bound-callback-cycle.ts';

test('native objects that keep callbacks, marked where they are closed', () => {
  expectMarkedLines(
    boundCallbackCycle,
    `
import pycurl
from xml.parsers.expat import ParserCreate

class Client:
    def __init__(self):
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._set_timeout)
    def _set_timeout(self):
        pass
    def close(self):
        self._multi.close()  # <- finds medium
        super().close()

class Reader:
    def parse(self, data):
        self.parser = ParserCreate()
        self.parser.StartElementHandler = self.start  # <- finds medium
        self.parser.Parse(data)
    def start(self, name, attributes):
        pass
`,
  );
});

test('other objects are a note', () => {
  expectMarkedLines(
    boundCallbackCycle,
    `
import functools

class Window:
    def __init__(self):
        self.button = Button(on_click=self.click)  # <- finds low
        self.timer = Timer()
        self.timer.start(lambda: self.click())  # <- finds low
        self.menu = Menu(functools.partial(self.click, 1))  # <- finds low
    def click(self):
        pass
`,
  );
});

test('objects that are let go, shared or given no method are fine', () => {
  expectMarkedLines(
    boundCallbackCycle,
    `
import pycurl

class Client:
    def __init__(self, shared):
        self.text = 'x'
        self.multi = None
        self.multi = pycurl.CurlMulti()
        self.multi.setopt(1, self._set_timeout)
        self.curl = pycurl.Curl()
        self.curl.setopt(2, self.text)
        self.curl.setopt(3, shared.on_data)
        self.other = pycurl.Curl()
        self.other.setopt(4, self.other_method)
        self.shared = shared
        self.shared.callback = self._set_timeout
        local = pycurl.Curl()
        local.setopt(5, self._set_timeout)
    def _set_timeout(self):
        pass
    def other_method(self):
        pass
    def close(self):
        self.multi = None
        del self.other
`,
  );
});

test('methods replaced by a wrapper that holds them', () => {
  expectMarkedLines(
    boundCallbackCycle,
    `
def wrap(hub, old):
    def run(*args):
        with hub:
            return old(*args)
    return run

def measure(value):
    def inner():
        return value
    return inner

def patch(thread, hub):
    thread.run = wrap(hub, thread.run)  # <- finds medium
    thread.name = measure(thread.name)
    thread.size = int(thread.size)
    thread.other = wrap(hub, thread.other.__func__)
    thread.next = wrap(hub, hub.next)
    hub.lifespan = None
    hub.lifespan = wrap(hub, hub.lifespan)
    from asyncpg import Connection, connect
    Connection.execute = wrap(hub, Connection.execute)
    connect.open = wrap(hub, connect.open)
    provider_class.embed = wrap(hub, provider_class.embed)
`,
  );
});

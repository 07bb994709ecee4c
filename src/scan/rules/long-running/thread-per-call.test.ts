import { test } from 'vitest';
import { expectMarkedLines } from '../../../../test/support/scan-cases.ts';
import { threadPerCall } from './thread-per-call.ts';

test('endless threads started for each request or object', () => {
  expectMarkedLines(
    threadPerCall,
    `
import threading
from threading import Thread

def poll(feed):
    setup(feed)
    while True:
        feed.refresh()
        for x in feed:
            pass

class Watcher:
    def __init__(self, feed):
        Thread(target=self._run, daemon=True).start()  # <- finds high
    def _run(self):
        while 1:
            self.step()

@app.post("/feeds")
def create(feed):
    threading.Thread(None, poll, args=(feed,)).start()  # <- finds high
    begin(feed)
    return Watcher(feed)

def begin(feed):
    thread = Thread(target=poll)  # <- finds high
    thread.start()
`,
  );
});

test('threads that end, start once or start under a condition are fine', () => {
  expectMarkedLines(
    threadPerCall,
    `
from threading import Thread

def poll(feed):
    while True:
        if feed.closed:
            break
def work(feed):
    for x in feed:
        pass
def wait(stop):
    while not stop.wait(1):
        pass
def fail():
    while True:
        raise ValueError
def endless():
    while True:
        pass

Thread(target=endless).start()
def main():
    Thread(target=endless).start()

@app.post("/feeds")
def create(feed):
    Thread(target=poll).start()
    Thread(target=work).start()
    Thread(target=wait).start()
    Thread(target=fail).start()
    Thread(target=feed.run).start()
    Thread(name="x")
    if not feed.thread:
        Thread(target=endless).start()

class Server:
    def dispatch(self):
        if self.thread is not None:
            return
        self.thread = Thread(target=endless)
`,
  );
});

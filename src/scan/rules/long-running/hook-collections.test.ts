import { test } from 'vitest';
import { expectMarkedLines } from '../../../../test/support/scan-cases.ts';
import { listenerNotRemoved } from './listener-not-removed.ts';

test('closures added to hooks that are handed in', () => {
  expectMarkedLines(
    listenerNotRemoved,
    `
class Transport:
    def register_with_event_loop(self, connection, loop):
        def poll():
            connection.poll()
        loop.on_tick.add(poll)  # <- finds medium

def follow(session, job):
    session.listeners.append(lambda event: job.update(event))  # <- finds medium
`,
  );
});

test('hooks taken out, added once, of the object itself, or not made here are fine', () => {
  expectMarkedLines(
    listenerNotRemoved,
    `
def poll():
    pass

def follow(session, job, queue, plain):
    session.on_tick.add(poll)
    session.on_startup.append(lambda app: job.start())
    session.jobs.append(lambda: job)
    session.on_tick.add(plain)
    local = Session()
    local.on_tick.add(lambda: job)

def create_app(app):
    app.on_request.append(lambda request: 1)

class Shop:
    def watch(self, loop):
        self.listeners.append(lambda: self)

class Stream:
    def open(self, loop):
        def poll():
            self.poll()
        loop.on_poll.add(poll)
        self.poll_hook = poll
    def close(self, loop):
        loop.on_poll.discard(self.poll_hook)
`,
  );
});

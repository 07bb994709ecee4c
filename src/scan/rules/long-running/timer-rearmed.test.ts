import { expect, test } from 'vitest';
import { expectMarkedLines, fixed } from '../../../../test/support/scan-cases.ts';
import { timerRearmed } from './timer-rearmed.ts';

test('handles overwritten while their timer runs', () => {
  expectMarkedLines(
    timerRearmed,
    `
import threading
from threading import Timer

class Session:
    def __init__(self, loop):
        self.handle = loop.call_later(1, self.expire)
    def touch(self):
        self.handle = self.loop.call_later(3600, self.expire)  # <- finds medium
    def later(self):
        self.timer = threading.Timer(60, self.expire)  # <- finds
        self.timer.start()
    def again(self):
        self.timer = Timer(60, function=self.expire)  # <- finds
    def expire(self):
        pass
    def close(self):
        self.handle.cancel()
`,
  );
});

test('cancelled, tested, self-repeating and first timers are fine', () => {
  expectMarkedLines(
    timerRearmed,
    `
class Session:
    def start(self):
        self.handle = self.loop.call_later(1, self.expire)
        self.set_timeout(3)
    def set_timeout(self, seconds):
        self.handle = self.loop.call_later(seconds, self.expire)
    def connection_made(self, transport):
        self.handle = self.loop.call_later(1, self.expire)
    def touch(self):
        self.handle.cancel()
        self.handle = self.loop.call_later(1, self.expire)
    def touch_if(self):
        if self.handle is None:
            self.handle = self.loop.call_later(1, self.expire)
    def touch_early(self):
        if self.handle:
            return
        self.handle = self.loop.call_later(1, self.expire)
    def through(self):
        self.forget()
        self.handle = self.loop.call_later(1, self.expire)
    def removed(self):
        self.loop.remove_timeout(self.handle)
        self.handle = self.loop.add_timeout(1, self.expire)
    def tick(self):
        self.handle = self.loop.call_later(1, self.tick)
    def pulse(self):
        self.handle = self.loop.call_later(1, self.beat)
    def beat(self):
        self.pulse()
    def spun(self):
        self.handle = self.loop.call_later(1, lambda: self.spun())
    def forget(self):
        self.handle.cancel()
    def expire(self):
        other.handle = self.loop.call_later(1, self.tick)
        local = self.loop.call_later(1, self.tick)
`,
  );
});

test('the fix cancels first, where the attribute begins as None', () => {
  const text = (first: string) => `class A:
    def __init__(self):
        ${first}
    def touch(self):
        # again
        self.h = self.loop.call_later(9, self.end)
    def end(self):
        pass
`;
  expect(fixed(timerRearmed, text('self.h = None'))).toContain(`        # again
        if self.h is not None:
            self.h.cancel()
        self.h = self.loop.call_later(9, self.end)
`);
  expect(fixed(timerRearmed, text('pass'))).toBeUndefined();
});

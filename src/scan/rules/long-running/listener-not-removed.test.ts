import { test } from 'vitest';
import { expectMarkedLines } from '../../../../test/support/scan-cases.ts';
import { listenerNotRemoved } from './listener-not-removed.ts';

test('emitters of a module and emitters handed in', () => {
  expectMarkedLines(
    listenerNotRemoved,
    `
import functools
from events import bus, post_save
import hub

class Cart:
    def __init__(self, emitter):
        bus.on('price', self.on_price)  # <- finds high
        hub.events.add_listener(lambda event: self.on_price(event))  # <- finds high
        bus.subscribe('x', callback=functools.partial(self.on_price, 1))  # <- finds high
        post_save.connect(self.on_price, weak=False)  # <- finds high
        emitter.register_callback(self.on_price)  # <- finds low
        self.emitter = emitter
        self.emitter.on('y', self.on_price)  # <- finds low
    def on_price(self, event):
        pass

class Page:
    def open(self):
        bus.on('price', self.on_price)  # <- finds medium
    def on_price(self, event):
        pass

class Shop:
    def __init__(self):
        bus.on('price', self.on_price)  # <- finds low
    def on_price(self, event):
        pass

SHOP = Shop()

@app.route('/cart')
def cart(request):
    return Cart(request.emitter)
`,
  );
});

test('own emitters, weak signals, removal and other listeners are fine', () => {
  expectMarkedLines(
    listenerNotRemoved,
    `
import weakref
import hub
from events import bus, post_save

class Cart:
    def __init__(self):
        self.emitter = Emitter()
        self.emitter.on('price', self.on_price)
        local = Emitter()
        local.on('price', self.on_price)
        post_save.connect(self.on_price)
        self.button.clicked.connect(self.on_price)
        bus.on('price', print)
        bus.on('price', weakref.WeakMethod(self.on_price))
        bus.on('price', self.handler)
        hub.Message.attach(self, 'part')
        post_save.connect(print, weak=False, sender=self)
        with bus.add_callback(self.on_price):
            work()
        self.stack.enter_context(bus.add_callback(self.on_price))
    def on_price(self, event):
        pass

class Page:
    def open(self):
        bus.on('price', self.on_price)
    def close(self):
        bus.off('price', self.on_price)
    def on_price(self, event):
        pass

class Disposable:
    def open(self):
        self.subscription = bus.subscribe(self.on_price)
    def close(self):
        self.subscription.dispose()
    def on_price(self, event):
        pass

bus.on('price', print)
`,
  );
});

test('handlers that subscribe a function of their own', () => {
  expectMarkedLines(
    listenerNotRemoved,
    `
from events import bus

@app.route('/watch')
def watch(request):
    def changed(event):
        request.send(event)
    bus.on('price', changed)  # <- finds high
    bus.subscribe('price', lambda event: request.send(event))  # <- finds high
    bus.on('price', print)
    request.emitter.on('price', changed)

@app.route('/once')
def once(request):
    def changed(event):
        request.send(event)
    bus.on('price', changed)
    try:
        work()
    finally:
        bus.off('price', changed)

def start(request_bus):
    bus.on('price', lambda event: print(event))
`,
  );
});

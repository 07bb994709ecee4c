import { test } from 'vitest';
import { expectMarkedLines } from '../../../../test/support/scan-cases.ts';
import { hookInInitUnguarded } from './hook-in-init-unguarded.ts';

test('inner functions and methods registered by every object', () => {
  expectMarkedLines(
    hookInInitUnguarded,
    `
import hooks
from scope import add_global_event_processor, register_exit_callback

class Processor:
    def __new__(cls):
        if not hasattr(cls, 'instance'):
            cls.instance = super().__new__(cls)
        return cls.instance
    def __init__(self):
        @add_global_event_processor
        def process(event):  # <- finds high
            return self.link(event)

class Plugin:
    def __init__(self):
        register_exit_callback(self.stop)  # <- finds medium
        hooks.add_request_hook(lambda request: None)  # <- finds medium
    def stop(self):
        pass

class Only(metaclass=Singleton):
    def __init__(self):
        register_exit_callback(self.stop)  # <- finds low
    def stop(self):
        pass
`,
  );
});

test('guarded, paired, own and weak registrations are fine', () => {
  expectMarkedLines(
    hookInInitUnguarded,
    `
import weakref
from scope import add_global_event_processor, register_exit_callback, remove_exit_callback
from django.db.models.signals import post_save

class Processor:
    def __init__(self, registry):
        if self.ready:
            return
        @add_global_event_processor
        def process(event):
            return self.link(event)

class Paired:
    def __init__(self):
        register_exit_callback(self.stop)
    def stop(self):
        remove_exit_callback(self.stop)

class Others:
    def __init__(self, registry):
        registry.add_request_hook(self.stop)
        self.add_request_hook(self.stop)
        post_save.connect(self.stop)
        register_exit_callback(registry.stop)
        register_exit_callback(weakref.WeakMethod(self.stop))
        add_handler(self.stop)
    def stop(self):
        register_exit_callback(self.stop)
`,
  );
});

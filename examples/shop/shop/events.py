"""A bus over which parts of the shop tell each other what happened."""


class EventBus:
    def __init__(self):
        self.listeners = {}

    def subscribe(self, event, listener):
        # LEAK 3: there is no unsubscribe, and every product page subscribes.
        self.listeners.setdefault(event, []).append(listener)

    def publish(self, event, *details):
        for listener in self.listeners.get(event, ()):
            listener(*details)


bus = EventBus()

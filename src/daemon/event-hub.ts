// Who listens to what happens in the daemon: every open event stream.

import type { DaemonEvent } from '../protocol/web/events.ts';

export type EventListener = (event: DaemonEvent) => void;

export class EventHub {
  readonly #listeners = new Set<EventListener>();

  emit(event: DaemonEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Returns what ends it. */
  listen(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

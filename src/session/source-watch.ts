// Waits for source to change: watches the folders a scan has visited, and only those, so that environments and repositories
// cost nothing. Several changes at once, as editors and checkouts make them, are one.

import { EventEmitter, once } from 'node:events';
import { type FSWatcher, watch } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { LeakscopeError } from '../base/errors.ts';

export interface SourceWatch {
  /** Watches these folders too. */
  follow(folders: readonly string[]): void;
  /** Resolves at the next change, or at once when there was one since it resolved last. Rejects when aborted. */
  nextChange(): Promise<void>;
  close(): void;
}

/** How long it must be quiet after a change. */
const QUIET_MS = 150;
/** What a scan reads. A name without an ending may be a folder that came or went. */
const RELEVANT = /\.pyw?$|^pyproject\.toml$|^\.gitignore$|^[^.]+$/;

export function watchSource(signal: AbortSignal): SourceWatch {
  const watchers = new Map<string, FSWatcher>();
  const changes = new EventEmitter();
  let changed = false;
  const onChange = () => {
    changed = true;
    changes.emit('change');
  };
  return {
    follow(folders) {
      for (const folder of folders) {
        if (watchers.has(folder)) continue;
        const watcher = watchFolder(folder, onChange);
        // A folder that is removed ends its watcher; its parent tells of it.
        watcher.on('error', () => watchers.delete(folder));
        watchers.set(folder, watcher);
      }
    },
    async nextChange() {
      if (!changed) await once(changes, 'change', { signal });
      while (changed) {
        changed = false;
        await setTimeout(QUIET_MS, undefined, { signal });
      }
    },
    close() {
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}

function watchFolder(folder: string, onChange: () => void): FSWatcher {
  try {
    return watch(folder, (_event, name) => {
      if (name === null || RELEVANT.test(basename(name))) onChange();
    });
  } catch (error) {
    throw new LeakscopeError('E_FILE_READ', `cannot watch ${folder}: ${(error as Error).message}`, {
      hint: 'the system allows only so many watched folders (fs.inotify.max_user_watches): give fewer paths',
      cause: error,
    });
  }
}

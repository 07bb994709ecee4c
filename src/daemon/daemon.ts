// `leakscope open`, all of it: the workspace, the page and who may ask, behind one address that works once.

import { fileURLToPath } from 'node:url';
import { getRequestListener } from '@hono/node-server';
import { DaemonWorkspace, type WorkspaceOptions } from './daemon-workspace.ts';
import { createHttpApp } from './http-app.ts';
import { checkAddress, type ListenOptions, listen } from './listening.ts';
import { PageFiles } from './page-files.ts';
import { RequestGuard } from './request-guard.ts';

export interface DaemonOptions extends WorkspaceOptions {
  readonly listen: ListenOptions;
  /** Opened at the start: processes by PID, files by path. */
  readonly pids: readonly number[];
  readonly files: readonly string[];
}

export interface Daemon {
  /** With the token: lets one browser in. */
  readonly url: string;
  /** Settles once that was used; never, where it is not. */
  readonly admitted: Promise<void>;
  close(): Promise<void>;
}

/** Beside this file in the bundle; what `web/` is built to. */
const PAGE_FOLDER = fileURLToPath(new URL('./web/', import.meta.url));

/** Throws what opening a process throws, and E_USAGE for an address that must not be listened at. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  checkAddress(options.listen);
  const workspace = new DaemonWorkspace(options);
  try {
    for (const pid of options.pids) await workspace.openProcess(pid);
    for (const file of options.files) workspace.openFile(file);
    const page = new PageFiles(PAGE_FOLDER);
    let token = '';
    let onAdmitted: () => void = () => undefined;
    const admitted = new Promise<void>((resolve) => {
      onAdmitted = resolve;
    });
    const listening = await listen(options.listen, (guardOptions) => {
      const guard = new RequestGuard(guardOptions);
      token = guard.token;
      const app = createHttpApp({ workspace, guard, page, onAdmitted });
      return getRequestListener(app.fetch, { overrideGlobalObjects: false });
    });
    return {
      url: `${listening.base}/?token=${token}`,
      admitted,
      close: async () => {
        await listening.close();
        await workspace.close();
      },
    };
  } catch (error) {
    await workspace.close();
    throw error;
  }
}

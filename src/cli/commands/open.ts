// leakscope open: processes, snapshots and cores in the browser.

import { resolve } from 'node:path';
import type { Command } from 'commander';
import { LeakscopeError } from '../../base/errors.ts';
import { OPEN_SCHEMA, type OpenReport } from '../../protocol/open.ts';
import { isPid, parsePort } from '../arguments.ts';
import { openInBrowser } from '../browser-opening.ts';
import { type CliContext, openOutput } from '../cli-context.ts';
import { type SourceFlags, SYSROOT_OPTION } from '../heap-source.ts';
import type { RedirectFile } from '../redirect-file.ts';
import { renderOpen } from '../render/open-text.ts';

interface OpenFlags extends SourceFlags {
  readonly port: number;
  readonly host: string;
  readonly name?: readonly string[];
  readonly unix?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly browser: boolean;
  readonly showValues?: boolean;
}

const HELP = `
The page is served to this machine alone, and to one browser: the one that first opens the printed address.
A process is stopped for a moment only when you take a snapshot or watch it; the page says for how long before.

Examples:
  leakscope open                                choose a process in the browser
  leakscope open 4242
  leakscope open before.heap after.heap         look at both, and compare them
  leakscope open core.4242.zst
  leakscope open 4242 --no-browser              only print the address
  leakscope open 4242 --unix ~/leakscope.sock   for ssh -L 8000:/home/me/leakscope.sock`;

export function addOpenCommand(program: Command, context: CliContext): void {
  program
    .command('open')
    .summary('all of it in the browser: growth, holders, types, memory, source')
    .description('Opens processes, .heap files and core files in the browser, until Ctrl-C.')
    .argument('[targets...]', 'PIDs of processes, .heap files, core files')
    .option('--port <n>', 'port to listen at (default: any that is free)', parsePort, 0)
    .option('--host <address>', 'address to listen at; one that others reach needs TLS', '127.0.0.1')
    .option('--name <name>', 'with --host, a name this machine is reached by', append)
    .option('--unix <path>', 'listen at a Unix socket instead, which only this user can use')
    .option('--tls-cert <file>', 'certificate, as PEM')
    .option('--tls-key <file>', 'its key, as PEM')
    .option('--no-browser', 'do not open the browser')
    .option('--show-values', 'read and show values of the program’s data, such as dict keys')
    .option(...SYSROOT_OPTION)
    .addHelpText('after', HELP)
    .action(async (targets: readonly string[], flags: OpenFlags, command: Command) => {
      const output = openOutput(context, command);
      // Loaded only here: no other command has to wait for it.
      const { startDaemon } = await import('../../daemon/daemon.ts');
      const daemon = await startDaemon({
        listen: {
          port: flags.port,
          host: flags.host,
          unix: flags.unix === undefined ? undefined : resolve(flags.unix),
          tls: tlsOf(flags),
          names: flags.name ?? [],
        },
        pids: targets.filter(isPid).map(Number),
        files: targets.filter((target) => !isPid(target)),
        showValues: flags.showValues === true,
        sysroot: flags.sysroot,
      });
      let file: RedirectFile | undefined;
      try {
        const report: OpenReport = {
          schema: OPEN_SCHEMA,
          url: daemon.url,
          ...(flags.unix === undefined ? {} : { socket: resolve(flags.unix) }),
        };
        output.answer(report, renderOpen);
        const wanted = flags.browser && !output.json && context.stdout.isTTY === true && flags.unix === undefined;
        if (wanted) {
          file = await openInBrowser(daemon.url, context.env);
          if (file === undefined) output.note('no browser was found here: open the address above in one');
          void daemon.admitted.then(file?.remove);
        }
        await stopped(context.signal);
      } finally {
        file?.remove();
        await daemon.close();
      }
    });
}

function tlsOf({ tlsCert, tlsKey }: OpenFlags): { readonly cert: string; readonly key: string } | undefined {
  if (tlsCert !== undefined && tlsKey !== undefined) return { cert: tlsCert, key: tlsKey };
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  throw new LeakscopeError('E_USAGE', '--tls-cert and --tls-key go together');
}

/** Ctrl-C is how it is meant to end. */
function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), { once: true });
  });
}

function append(name: string, before: readonly string[] = []): readonly string[] {
  return [...before, name];
}

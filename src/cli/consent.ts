// The question before a line of code is run in somebody's process.

import { confirm, isCancel } from '@clack/prompts';
import { LeakscopeError } from '../base/errors.ts';
import type { AskConsent, ConsentRequest } from '../session/remote-calls.ts';
import type { CliContext, Output } from './cli-context.ts';
import { sanitize } from './render/sanitize.ts';

/** With `--yes` it only says what is run; without, it asks on a terminal. */
export function consentOf(flags: { readonly yes?: boolean }, context: CliContext, output: Output): AskConsent {
  return async (request) => {
    if (flags.yes === true) {
      output.note(described(request));
      return;
    }
    if (!context.stdinIsTty || context.stderr.isTTY !== true || output.json) {
      throw new LeakscopeError(
        'E_NO_CONSENT',
        `this runs code in process ${request.pid}: ${request.lines.join('; ')}`,
        {
          hint: 'say so with --yes',
        },
      );
    }
    output.progress.done();
    output.note(described(request));
    const answer = await confirm({
      message: 'Run it?',
      initialValue: false,
      output: context.stderr as NodeJS.WriteStream,
      signal: context.signal,
    });
    if (isCancel(answer) || !answer) {
      throw new LeakscopeError('E_NO_CONSENT', 'nothing was run');
    }
  };
}

function described({ pid, app, lines }: ConsentRequest): string {
  const what = lines.length === 1 ? 'this line of Python' : 'these lines of Python';
  return [`runs ${what} in process ${pid} (${sanitize(app)}):`, ...lines.map((line) => `   ${line}`)].join('\n');
}

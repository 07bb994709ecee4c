// Progress on stderr: a spinner on a terminal, one line per stage elsewhere (a log keeps every line it is given).

import type { Writable } from 'node:stream';
import yoctoSpinner from 'yocto-spinner';
import type { Progress } from '../session/session-options.ts';
import { sanitize } from './render/sanitize.ts';

export function createProgress(stream: NodeJS.WritableStream, interactive: boolean): Progress {
  return interactive ? createSpinnerProgress(stream) : createLineProgress(stream);
}

function createSpinnerProgress(stream: NodeJS.WritableStream): Progress {
  // Signals are the program's: it must resume the target and stop the child before it ends.
  const spinner = yoctoSpinner({ stream: stream as Writable, handleSignals: false });
  let stageText = '';
  return {
    stage(text) {
      stageText = sanitize(text);
      spinner.text = stageText;
      if (!spinner.isSpinning) spinner.start();
    },
    update(fraction, text) {
      if (text !== undefined) stageText = sanitize(text);
      const done = fraction === undefined ? '' : ` ${Math.round(Math.min(1, Math.max(0, fraction)) * 100)} %`;
      spinner.text = `${stageText}${done}`;
    },
    done() {
      if (spinner.isSpinning) spinner.stop();
    },
  };
}

function createLineProgress(stream: NodeJS.WritableStream): Progress {
  return {
    stage(text) {
      stream.write(`${sanitize(text)}\n`);
    },
    update() {},
    done() {},
  };
}

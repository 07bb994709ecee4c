// How growth without a name of its own is told: a count that stays at 0, a list of things to do that is gone through
// and kept, or simply what the container gains.

import type { Expr } from '../../source/python-ast.ts';
import { enclosingFunction } from '../../source/source-index.ts';
import type { ScannedFile } from '../scanned-file.ts';
import { limitSize } from './container-fixes.ts';
import type { GrowingContainer, Growth } from './growing-containers.ts';
import type { GrowthReport } from './growth-finding.ts';
import { isCountdown } from './growth-kind.ts';
import { growthSentence, keyWords } from './growth-words.ts';

export function tellGrowth(file: ScannedFile, growing: GrowingContainer): GrowthReport {
  const { label } = growing.container;
  const countdown = countdownOf(growing);
  if (countdown?.key !== undefined) {
    return {
      node: countdown.node,
      message: `\`${label}\` counts each ${keyWords(file, countdown.key)} up and down, and keeps the entry when it is back at 0`,
      remedy: 'delete the entry when its count is 0',
      isTelling: true,
      isLasting: true,
    };
  }
  const done = workedThrough(file, growing);
  if (done !== undefined) {
    return {
      node: done,
      message: `\`${label}\` is worked through here and not emptied: what is done stays`,
      remedy: 'take out what is done, or clear it afterwards',
      isTelling: true,
      isLasting: true,
    };
  }
  return {
    message: growthSentence(file, growing),
    remedy: 'remove what is done with, or keep a limited number',
    isTelling: false,
    fix: () => limitSize(file, growing),
  };
}

/** The place that counts an entry down to 0 and leaves it there. */
function countdownOf({ growth, others }: GrowingContainer): Growth | undefined {
  return [growth, ...others].find(({ node }) => isCountdown(node));
}

/** Names of what is there to be done once. */
const TO_BE_DONE =
  /(?:^|_)(?:waiters?|waiting|pending|backlog|deferreds?|todo|on_shutdown|on_exit|on_close|cleanups?|delayed)$/;

/** The loop that goes through what is to be done once, where the container is named for that. */
function workedThrough(file: ScannedFile, { container, growth, uses }: GrowingContainer): Expr | undefined {
  if (!TO_BE_DONE.test(container.name) || growth.key !== undefined || growth.entry) return undefined;
  return [...uses.denoting].find(
    (expr) =>
      (expr.parent?.kind === 'For' || expr.parent?.kind === 'AsyncFor') &&
      expr.parent.iter === expr &&
      enclosingFunction(file.source, expr) !== growth.function,
  );
}

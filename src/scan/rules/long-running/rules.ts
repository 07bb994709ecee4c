// The rules of this cause, in the order of their codes.

import type { Rule } from '../../rule.ts';
import { addWithoutDiscard } from './add-without-discard.ts';
import { instanceAttrGrows } from './instance-attr-grows.ts';
import { listenerNotRemoved } from './listener-not-removed.ts';
import { logHandlerReadded } from './log-handler-readded.ts';
import { queueUnbounded } from './queue-unbounded.ts';
import { taskKeptForever } from './task-kept-forever.ts';
import { taskPerIteration } from './task-per-iteration.ts';
import { timerRearmed } from './timer-rearmed.ts';

export const LONG_RUNNING_RULES: readonly Rule[] = [
  logHandlerReadded,
  listenerNotRemoved,
  taskPerIteration,
  taskKeptForever,
  queueUnbounded,
  instanceAttrGrows,
  addWithoutDiscard,
  timerRearmed,
];

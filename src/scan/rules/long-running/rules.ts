// The rules of this cause, in the order of their codes.

import type { Rule } from '../../rule.ts';
import { addWithoutDiscard } from './add-without-discard.ts';
import { instanceAttrGrows } from './instance-attr-grows.ts';
import { logHandlerReadded } from './log-handler-readded.ts';
import { queueUnbounded } from './queue-unbounded.ts';
import { taskKeptForever } from './task-kept-forever.ts';
import { taskPerIteration } from './task-per-iteration.ts';

export const LONG_RUNNING_RULES: readonly Rule[] = [
  logHandlerReadded,
  taskPerIteration,
  taskKeptForever,
  queueUnbounded,
  instanceAttrGrows,
  addWithoutDiscard,
];

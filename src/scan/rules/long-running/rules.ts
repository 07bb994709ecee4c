// The rules of this cause, in the order of their codes.

import type { Rule } from '../../rule.ts';
import { addWithoutDiscard } from './add-without-discard.ts';
import { gcDisabled } from './gc-disabled.ts';
import { instanceAttrGrows } from './instance-attr-grows.ts';
import { listenerNotRemoved } from './listener-not-removed.ts';
import { logHandlerReadded } from './log-handler-readded.ts';
import { ormSessionLonglived } from './orm-session-longlived.ts';
import { queueUnbounded } from './queue-unbounded.ts';
import { taskDangling } from './task-dangling.ts';
import { taskKeptForever } from './task-kept-forever.ts';
import { taskPerIteration } from './task-per-iteration.ts';
import { tensorGraphKept } from './tensor-graph-kept.ts';
import { threadPerCall } from './thread-per-call.ts';
import { threadingMixinNondaemon } from './threadingmixin-nondaemon.ts';
import { timerRearmed } from './timer-rearmed.ts';

export const LONG_RUNNING_RULES: readonly Rule[] = [
  logHandlerReadded,
  listenerNotRemoved,
  taskPerIteration,
  taskKeptForever,
  taskDangling,
  queueUnbounded,
  instanceAttrGrows,
  addWithoutDiscard,
  threadPerCall,
  timerRearmed,
  threadingMixinNondaemon,
  gcDisabled,
  ormSessionLonglived,
  tensorGraphKept,
];

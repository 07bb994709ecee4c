// The rules of this cause, in the order of their codes.

import type { Rule } from '../../rule.ts';
import { gcDisabled } from './gc-disabled.ts';
import { ormSessionLonglived } from './orm-session-longlived.ts';
import { taskDangling } from './task-dangling.ts';
import { tensorGraphKept } from './tensor-graph-kept.ts';
import { threadPerCall } from './thread-per-call.ts';
import { threadingMixinNondaemon } from './threadingmixin-nondaemon.ts';

export const LONG_RUNNING_RULES: readonly Rule[] = [
  taskDangling,
  threadPerCall,
  threadingMixinNondaemon,
  gcDisabled,
  ormSessionLonglived,
  tensorGraphKept,
];

// The rules of this cause, in the order of their codes.

import type { Rule } from '../../rule.ts';
import { exitHookBoundMethod } from './exit-hook-bound-method.ts';
import { interpreterTableGrows } from './interpreter-table-grows.ts';

export const GLOBAL_STATE_RULES: readonly Rule[] = [interpreterTableGrows, exitHookBoundMethod];

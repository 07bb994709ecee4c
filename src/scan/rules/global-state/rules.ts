// The rules of this cause, in the order of their codes.

import type { Rule } from '../../rule.ts';
import { closureStateGrows } from './closure-state-grows.ts';
import { mutableDefaultGrows } from './mutable-default-grows.ts';

export const GLOBAL_STATE_RULES: readonly Rule[] = [mutableDefaultGrows, closureStateGrows];

// The rules of this cause, in the order of their codes.

import type { Rule } from '../../rule.ts';
import { cacheOnMethod } from './cache-on-method.ts';

export const UNBOUNDED_CACHES_RULES: readonly Rule[] = [cacheOnMethod];

// The rules of this cause, in the order of their codes.

import type { Rule } from '../../rule.ts';
import { cacheBoundOnInstance } from './cache-bound-on-instance.ts';
import { cacheOnMethod } from './cache-on-method.ts';
import { cacheUnbounded } from './cache-unbounded.ts';
import { defaultdictRead } from './defaultdict-read.ts';
import { dictCache } from './dict-cache.ts';
import { identityKey } from './identity-key.ts';
import { labelCardinality } from './label-cardinality.ts';
import { loggerPerInstance } from './logger-per-instance.ts';
import { syncPrimitiveDict } from './sync-primitive-dict.ts';
import { typePerCall } from './type-per-call.ts';

export const UNBOUNDED_CACHES_RULES: readonly Rule[] = [
  cacheOnMethod,
  cacheUnbounded,
  dictCache,
  cacheBoundOnInstance,
  identityKey,
  syncPrimitiveDict,
  defaultdictRead,
  typePerCall,
  labelCardinality,
  loggerPerInstance,
];

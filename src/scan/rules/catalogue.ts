// Every rule there is, by cause.

import type { Rule } from '../rule.ts';
import { CIRCULAR_REFERENCES_RULES } from './circular-references/rules.ts';
import { GLOBAL_STATE_RULES } from './global-state/rules.ts';
import { LONG_RUNNING_RULES } from './long-running/rules.ts';
import { OPEN_RESOURCES_RULES } from './open-resources/rules.ts';
import { UNBOUNDED_CACHES_RULES } from './unbounded-caches/rules.ts';

export const RULES: readonly Rule[] = [
  ...UNBOUNDED_CACHES_RULES,
  ...GLOBAL_STATE_RULES,
  ...LONG_RUNNING_RULES,
  ...OPEN_RESOURCES_RULES,
  ...CIRCULAR_REFERENCES_RULES,
];

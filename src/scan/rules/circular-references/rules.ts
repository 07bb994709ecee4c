// The rules of this cause, in the order of their codes.

import type { Rule } from '../../rule.ts';
import { finalizeCapturesSelf } from './finalize-captures-self.ts';

export const CIRCULAR_REFERENCES_RULES: readonly Rule[] = [finalizeCapturesSelf];

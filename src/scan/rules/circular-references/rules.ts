// The rules of this cause, in the order of their codes.

import type { Rule } from '../../rule.ts';
import { exceptionStored } from './exception-stored.ts';
import { finalizeCapturesSelf } from './finalize-captures-self.ts';
import { frameStored } from './frame-stored.ts';
import { recursiveClosure } from './recursive-closure.ts';

export const CIRCULAR_REFERENCES_RULES: readonly Rule[] = [
  recursiveClosure,
  exceptionStored,
  frameStored,
  finalizeCapturesSelf,
];

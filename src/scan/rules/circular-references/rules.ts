// The rules of this cause, in the order of their codes.

import type { Rule } from '../../rule.ts';
import { boundCallbackCycle } from './bound-callback-cycle.ts';
import { closureCapturesBig } from './closure-captures-big.ts';
import { exceptionLocalCycle } from './exception-local-cycle.ts';
import { exceptionStored } from './exception-stored.ts';
import { finalizeCapturesSelf } from './finalize-captures-self.ts';
import { frameStored } from './frame-stored.ts';
import { parentChildCycle } from './parent-child-cycle.ts';
import { recursiveClosure } from './recursive-closure.ts';
import { weakdictValueHoldsKey } from './weakdict-value-holds-key.ts';

export const CIRCULAR_REFERENCES_RULES: readonly Rule[] = [
  parentChildCycle,
  boundCallbackCycle,
  recursiveClosure,
  exceptionStored,
  exceptionLocalCycle,
  frameStored,
  finalizeCapturesSelf,
  weakdictValueHoldsKey,
  closureCapturesBig,
];

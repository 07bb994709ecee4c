// The rules of this cause, in the order of their codes.

import type { Rule } from '../../rule.ts';
import { classAttrGrows } from './class-attr-grows.ts';
import { closureStateGrows } from './closure-state-grows.ts';
import { contextRetains } from './context-retains.ts';
import { djangoDebugQueries } from './django-debug-queries.ts';
import { exitHookBoundMethod } from './exit-hook-bound-method.ts';
import { hookInInitUnguarded } from './hook-in-init-unguarded.ts';
import { hookInLoop } from './hook-in-loop.ts';
import { interpreterTableGrows } from './interpreter-table-grows.ts';
import { moduleContainerGrows } from './module-container-grows.ts';
import { mutableDefaultGrows } from './mutable-default-grows.ts';

export const GLOBAL_STATE_RULES: readonly Rule[] = [
  moduleContainerGrows,
  classAttrGrows,
  mutableDefaultGrows,
  closureStateGrows,
  interpreterTableGrows,
  exitHookBoundMethod,
  hookInLoop,
  hookInInitUnguarded,
  contextRetains,
  djangoDebugQueries,
];

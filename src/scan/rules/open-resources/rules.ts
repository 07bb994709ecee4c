// The rules of this cause, in the order of their codes.

import type { Rule } from '../../rule.ts';
import { closeNotOnException } from './close-not-on-exception.ts';
import { openInline } from './open-inline.ts';
import { openNotClosed } from './open-not-closed.ts';
import { scandirNotClosed } from './scandir-not-closed.ts';

export const OPEN_RESOURCES_RULES: readonly Rule[] = [openNotClosed, openInline, closeNotOnException, scandirNotClosed];

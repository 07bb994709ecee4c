// Every CPython build whose offsets are known. A new minor version is a new generated file and a line here.

import { builds as python38 } from './generated/python-3-8.ts';
import { builds as python39 } from './generated/python-3-9.ts';
import { builds as python310 } from './generated/python-3-10.ts';
import { builds as python311 } from './generated/python-3-11.ts';
import { builds as python312 } from './generated/python-3-12.ts';
import { builds as python313 } from './generated/python-3-13.ts';
import { builds as python314 } from './generated/python-3-14.ts';
import { builds as python315 } from './generated/python-3-15.ts';
import type { LayoutBuild } from './layout-build.ts';

export const KNOWN_BUILDS: readonly LayoutBuild[] = [
  ...python38,
  ...python39,
  ...python310,
  ...python311,
  ...python312,
  ...python313,
  ...python314,
  ...python315,
];

// The answer as a whole: order, unparsed files, unknown holders. What counts as growth is tested beside each part.

import { describe, expect, test } from 'vitest';
import {
  cacheHolder,
  classAttributeHolder,
  globalHolder,
  instanceHolder,
  variableHolder,
} from '../../test/support/growth-case.ts';
import { findGrowthSites } from './growth-sites.ts';
import { createSourceIndex } from './source-index.ts';

describe('growth sites', () => {
  test('writes come first, those of functions before those of the module, then callers outwards', () => {
    const text = 'X = []\nX.append(0)\ndef a():\n    X.append(1)\ndef b():\n    a()\ndef c():\n    b()\n';
    const index = createSourceIndex([{ path: 'app.py', module: 'app', text }]);
    const { grows } = findGrowthSites(index, { holder: globalHolder('X'), growingTypes: [] });
    expect(grows.map((site) => [site.line, site.function, site.basis, site.code])).toEqual([
      [4, 'a', 'writes holder', 'X.append(1)'],
      [2, '<module>', 'writes holder', 'X.append(0)'],
      [6, 'b', 'calls writer', 'a()'],
      [8, 'c', 'calls writer', 'b()'],
    ]);
  });

  test('of several writes, those in functions that were seen running come first', () => {
    const text =
      'X = []\ndef a():\n    X.append(1)\ndef b():\n    y = 1\n    X.append(y)\ndef c():\n    b()\n    a()\n';
    const index = createSourceIndex([{ path: '/srv/app.py', module: 'app', text }]);
    const linesWith = (...running: { file: string; line: number }[]) =>
      findGrowthSites(index, { holder: globalHolder('X'), growingTypes: [], running }).grows.map((site) => site.line);
    expect(linesWith()).toEqual([3, 6, 9, 8]);
    expect(linesWith({ file: '/srv/app.py', line: 5 })).toEqual([6, 3, 8, 9]);
    expect(linesWith({ file: '/srv/other.py', line: 5 })).toEqual([3, 6, 9, 8]);
  });

  test('a file that does not parse is named, and the rest still answers', () => {
    const index = createSourceIndex([
      { path: 'app.py', module: 'app', text: 'X = []\ndef a():\n    X.append(1)\n' },
      { path: 'broken.py', module: 'broken', text: 'from app import X\ndef (:\n' },
      { path: 'python2.py', module: 'python2', text: 'print "no mention, never parsed"\n' },
    ]);
    const answer = findGrowthSites(index, { holder: globalHolder('X'), growingTypes: [] });
    expect(answer.grows.map((site) => site.line)).toEqual([3]);
    expect(answer.unparsed.map((file) => file.path)).toEqual(['broken.py']);
  });

  test('an unknown module, class or function gives an empty answer', () => {
    const index = createSourceIndex([{ path: 'app.py', module: 'app', text: 'X = []\n' }]);
    for (const holder of [
      globalHolder('X', 'nowhere'),
      instanceHolder('Nobody', 'x'),
      classAttributeHolder('Nobody', 'x'),
      cacheHolder('nothing'),
      variableHolder('closure', 'nothing', 'x'),
    ]) {
      expect(findGrowthSites(index, { holder, growingTypes: ['no.Such'] })).toEqual({
        grows: [],
        shrinks: [],
        unparsed: [],
      });
    }
  });
});

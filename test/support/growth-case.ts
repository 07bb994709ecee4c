// Python programs with their answers written beside the lines: `# <- grows`, `calls`, `creates`, `shrinks`.
// Every line must carry exactly its marks, so a false site fails a case as surely as a missed one.

import { expect } from 'vitest';
import type { HolderReference } from '../../src/source/growth-site-query.ts';
import { findGrowthSites } from '../../src/source/growth-sites.ts';
import { createSourceIndex } from '../../src/source/source-index.ts';

const MARK = /\s*# <- (.*)$/;

export interface GrowthCase {
  readonly name: string;
  readonly holder: HolderReference;
  /** Files start at `#file path`; text before the first is app.py. */
  readonly program: string;
  readonly types?: readonly string[];
  readonly bound?: number;
}

/** Asks for the holder's growth sites and compares them, line by line, with the marks. */
export function checkGrowthCase({ holder, program, types, bound }: GrowthCase): void {
  const files = splitFiles(program);
  const sources = files.map((file) => ({
    path: file.path,
    module: moduleName(file.path),
    text: file.lines.map((line) => line.replace(MARK, '')).join('\n'),
  }));
  const answer = findGrowthSites(createSourceIndex(sources), { holder, growingTypes: types ?? [] });
  expect(answer.unparsed).toEqual([]);
  const marked = files.map((file) => {
    const lines = file.lines.map((line, i) => {
      const marks = new Set<string>();
      for (const site of answer.grows) {
        if (site.path !== file.path || site.line !== i + 1) continue;
        marks.add({ 'writes holder': 'grows', 'calls writer': 'calls', creates: 'creates' }[site.basis]);
      }
      if (answer.shrinks.some((site) => site.path === file.path && site.line === i + 1)) marks.add('shrinks');
      const plain = line.replace(MARK, '');
      return marks.size === 0 ? plain : `${plain}  # <- ${[...marks].join(', ')}`;
    });
    return `#file ${file.path}\n${lines.join('\n')}`;
  });
  const wanted = files.map(
    (file) => `#file ${file.path}\n${file.lines.map((line) => line.replace(MARK, '  # <- $1')).join('\n')}`,
  );
  expect(marked.join('\n')).toBe(wanted.join('\n'));
  expect(answer.bound).toBe(bound);
}

function splitFiles(program: string): { readonly path: string; readonly lines: string[] }[] {
  const files: { path: string; lines: string[] }[] = [];
  for (const line of program.replace(/^\n/, '').trimEnd().split('\n')) {
    const header = /^#file (\S+)/.exec(line);
    if (header !== null) files.push({ path: header[1]!, lines: [] });
    else {
      if (files.length === 0) files.push({ path: 'app.py', lines: [] });
      files[files.length - 1]!.lines.push(line);
    }
  }
  return files;
}

function moduleName(path: string): string {
  return path
    .replace(/^.*\/(?:site-packages|python3\.\d+)\//, '')
    .replace(/(?:\/__init__)?\.py$/, '')
    .replaceAll('/', '.');
}

export const globalHolder = (name: string, module = 'app'): HolderReference => ({ form: 'global', module, name });
export const instanceHolder = (className: string, name: string, owner?: string, module = 'app'): HolderReference => ({
  form: 'instance attribute',
  module,
  className,
  name,
  ...(owner === undefined ? {} : { owner: { module: 'app', name: owner } }),
});
export const classAttributeHolder = (className: string, name: string, module = 'app'): HolderReference => ({
  form: 'class attribute',
  module,
  className,
  name,
});
export const cacheHolder = (qualname: string, module = 'app'): HolderReference => ({
  form: 'function cache',
  module,
  qualname,
});
export const variableHolder = (
  form: 'closure' | 'default argument' | 'local',
  qualname: string,
  name: string,
): HolderReference => ({
  form,
  module: 'app',
  qualname,
  name,
});

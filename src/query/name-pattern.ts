// How a query means a dotted name: whole (`shop.users.User`), by its end (`users.User`, `User`), or by a pattern (`*User`).

import { filePattern } from '../diagnose/file-pattern.ts';

/** Accepts a name when the pattern matches it, or what follows one of its dots. Case counts. */
export function dottedName(pattern: string): (name: string) => boolean {
  const accept = exactOrPattern(pattern);
  return (name) => {
    for (let start = 0; ; ) {
      if (accept(name.slice(start))) return true;
      const dot = name.indexOf('.', start);
      if (dot < 0) return false;
      start = dot + 1;
    }
  };
}

/** Accepts a module's name when the pattern matches it or a package above it. */
export function moduleName(pattern: string): (module: string) => boolean {
  const accept = exactOrPattern(pattern);
  return (module) => {
    for (let end = module.length; end > 0; end = module.lastIndexOf('.', end - 1)) {
      if (accept(module.slice(0, end))) return true;
    }
    return false;
  };
}

export function exactOrPattern(pattern: string): (text: string) => boolean {
  return /[*?[]/.test(pattern) ? filePattern(pattern) : (text) => text === pattern;
}

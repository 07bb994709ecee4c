// How the rules of open resources speak of a leak: which rule it is for, how sure, in which words, with which fix.

import type { Node } from '../../../source/python-ast.ts';
import { useOf } from '../../edits/edits.ts';
import type { Confidence, Fix } from '../../finding.ts';
import { finallyAfterUses, withAroundStatement, withAroundUses } from '../../resources/release-fixes.ts';
import { type Leak, type LeakKind, leaksOf } from '../../resources/resource-leaks.ts';
import type { ResourceFamily } from '../../resources/resource-models.ts';
import type { Report, ReportedFinding } from '../../rule.ts';
import { type ScannedFile, textOf } from '../../scanned-file.ts';

/** Reports what nothing releases, of a family: bound to a name, or used where it is opened. */
export function reportUnreleased(
  file: ScannedFile,
  family: ResourceFamily,
  report: Report,
  kinds: readonly LeakKind[] = ['never released', 'inline'],
): void {
  for (const leak of reportableLeaks(file)) {
    if (leak.model.family === family && kinds.includes(leak.kind)) report(unreleased(file, leak));
  }
}

/** The leaks of a file that some rule reports. */
export function reportableLeaks(file: ScannedFile): readonly Leak[] {
  return leaksOf(file).filter((leak) => leak.owner.kind !== 'Module' || isUsedUpByModule(leak));
}

/** A module's variable is there for others to use, unless it is a file that the module itself reads or writes. */
function isUsedUpByModule(leak: Leak): boolean {
  const { family } = leak.model;
  return (family === 'file' || family === 'directory listing') && (leak.kind === 'inline' || leak.isUsed);
}

export function unreleased(file: ScannedFile, leak: Leak): ReportedFinding {
  return {
    node: leak.call,
    confidence: confidenceOf(file, leak),
    message:
      leak.kind === 'inline'
        ? `\`${leak.opener}\` opens ${leak.model.noun} here that is never ${released(leak)}`
        : `\`${leak.names[0]}\` holds ${leak.model.noun} that is never ${released(leak)}`,
    remedy: remedyOf(leak),
    conditions: conditionsOf(leak),
    fix: () => fixOf(file, leak),
  };
}

export function conditionsOf(leak: Leak) {
  return leak.conditions.map((condition) => ({ condition, otherwise: 'drop' as const }));
}

/**
 * High where no path releases what stays open by itself. Files that CPython closes with the last reference leak only while
 * a frame, a traceback or another interpreter keeps them. What tests and scripts leave open ends with them, soon.
 */
export function confidenceOf(file: ScannedFile, leak: Leak): Confidence {
  const { outlivesReferences } = leak.model;
  const isUnsure = leak.kind === 'not on exceptions' || leak.conditions.length > 0;
  const isCertain =
    outlivesReferences === 'always' || (outlivesReferences === 'often' && leak.kind === 'never released');
  const confidence = isCertain && !isUnsure ? 'high' : 'medium';
  if (isInMainGuard(leak.call)) return confidence === 'high' ? 'medium' : 'low';
  return isTest(file) ? 'medium' : confidence;
}

function isTest(file: ScannedFile): boolean {
  return /(?:^|\/)(?:tests?|testing)\/|(?:^|\/)(?:test_[^/]*|[^/]*_test|conftest|setup)\.py$/.test(file.source.path);
}

/** Under `if __name__ == "__main__":`. */
function isInMainGuard(call: Node): boolean {
  for (let node = call.parent; node !== undefined; node = node.parent) {
    if (node.kind !== 'If' || node.test.kind !== 'Compare') continue;
    const { left } = node.test;
    if (left.kind === 'Name' && left.id === '__name__') return true;
  }
  return false;
}

export function released(leak: Leak): string {
  const { family } = leak.model;
  if (family === 'temporary') return 'removed';
  if (family === 'process') return 'waited for';
  return family === 'pool' && leak.model.methods[0] === 'shutdown' ? 'shut down' : 'closed';
}

export function remedyOf(leak: Leak): string {
  const { model } = leak;
  const keyword = model.isAsync ? 'async with' : 'with';
  if (model.with === 'closes' || (model.with === 'waits' && model.family === 'pool')) {
    return `open it in a \`${keyword}\` statement`;
  }
  if (model.family === 'database') return `wrap it in \`contextlib.closing\`: \`${keyword}\` alone does not close it`;
  if (model.family === 'process') return 'call `communicate()` or `wait()` on every path';
  const how = model.methods[0] === undefined ? `\`${model.functions[0]}()\`` : `\`${model.methods[0]}()\``;
  return `call ${how} in a \`finally\` block`;
}

/**
 * A `with` statement around what uses it, or a `finally` block behind it. Whatever does more than close (a commit, a wait for
 * workers), or whose results may be read after it is closed, is for a person to decide.
 */
export function fixOf(file: ScannedFile, leak: Leak): Fix | undefined {
  const { model, call } = leak;
  const noun = model.noun.replace(/^an? /, '');
  if (model.with === 'closes' || (model.with === 'waits' && model.family === 'pool')) {
    const edits =
      leak.kind === 'inline' ? withAroundStatement(file, leak) : withAroundUses(file, leak, textOf(file, call));
    if (edits === undefined) return undefined;
    const isPlain = model.family === 'file' || model.family === 'directory listing';
    return { title: `Open the ${noun} in a with statement`, safety: isPlain ? 'safe' : 'unsafe', edits };
  }
  if (model.family === 'database') return closingFix(file, leak);
  const release =
    model.family === 'descriptor' ? 'os.close' : model.family === 'temporary' ? model.functions[0] : undefined;
  return release === undefined ? undefined : finallyFix(file, leak, release);
}

/** `with sqlite3.connect(path) as db:` goes on to commit, and closes. */
function closingFix(file: ScannedFile, leak: Leak): Fix | undefined {
  const closing = leak.model.isAsync ? undefined : useOf(file, 'contextlib', 'closing');
  if (closing === undefined) return undefined;
  const { call } = leak;
  const opened = `${closing.expression}(${textOf(file, call)})`;
  const item = call.parent;
  const edits =
    item?.kind === 'withitem' && item.optional_vars?.kind === 'Name'
      ? [
          {
            start: call.start,
            end: item.optional_vars.end,
            text: `${opened} as ${item.optional_vars.id}, ${item.optional_vars.id}`,
          },
        ]
      : withAroundUses(file, leak, opened);
  if (edits === undefined) return undefined;
  const title = 'Close the database connection at the end of a with statement';
  return { title, safety: 'unsafe', edits: [...edits, ...closing.edits] };
}

function finallyFix(file: ScannedFile, leak: Leak, release: string): Fix | undefined {
  const dot = release.lastIndexOf('.');
  const use = useOf(file, release.slice(0, dot), release.slice(dot + 1));
  const edits = use === undefined ? undefined : finallyAfterUses(file, leak, (name) => `${use.expression}(${name})`);
  if (use === undefined || edits === undefined) return undefined;
  const verb = leak.model.family === 'temporary' ? 'Remove' : 'Close';
  const title = `${verb} the ${leak.model.noun.replace(/^an? /, '')} in a finally block`;
  return { title, safety: 'unsafe', edits: [...edits, ...use.edits] };
}

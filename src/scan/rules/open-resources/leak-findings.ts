// How the rules of open resources speak of a leak: which rule it is for, how sure, in which words, with which fix.

import type { Confidence, Fix } from '../../finding.ts';
import { type Leak, type LeakKind, leaksOf } from '../../resource-leaks.ts';
import type { ResourceFamily } from '../../resources.ts';
import type { Report, ReportedFinding } from '../../rule.ts';
import { type ScannedFile, textOf } from '../../scanned-file.ts';
import { withAroundStatement, withAroundUses } from '../../with-statement-fix.ts';

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
  const noun = leak.model.noun.replace(/^an? /, '');
  return {
    node: leak.call,
    confidence: confidenceOf(file, leak),
    message:
      leak.kind === 'inline'
        ? `The ${noun} that \`${leak.opener}\` opens here gets no name, so that nothing can ever have it ${released(leak)}`
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
 * CPython closes files, listings and mappings as soon as nothing refers to them, so those leak only while a frame, a
 * traceback or another interpreter keeps them. Of the others, one that no path releases is certain.
 */
export function confidenceOf(file: ScannedFile, leak: Leak): Confidence {
  const { family, staysWhenDropped } = leak.model;
  if (leak.kind === 'not on exceptions' || leak.conditions.length > 0 || isTest(file)) return 'medium';
  if (staysWhenDropped) return 'high';
  if (leak.kind !== 'never released') return 'medium';
  return family === 'client' || family === 'database' || family === 'pool' || family === 'descriptor'
    ? 'high'
    : 'medium';
}

/** Tests end soon, and some open things to see them left open. */
function isTest(file: ScannedFile): boolean {
  return /(?:^|\/)(?:tests?|testing)\/|(?:^|\/)(?:test_[^/]*|[^/]*_test|conftest)\.py$/.test(file.source.path);
}

function released(leak: Leak): string {
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
 * A `with` statement around what uses it. Whatever does more than close (a commit, a wait for workers), or whose results may
 * be read after it is closed, is for a person to decide.
 */
export function fixOf(file: ScannedFile, leak: Leak): Fix | undefined {
  const { model, call } = leak;
  if (model.with !== 'closes' && model.with !== 'waits') return undefined;
  const edits =
    leak.kind === 'inline' ? withAroundStatement(file, leak) : withAroundUses(file, leak, textOf(file, call));
  if (edits === undefined) return undefined;
  const title = `Open the ${model.noun.replace(/^an? /, '')} in a with statement`;
  const isPlain = model.family === 'file' || model.family === 'directory listing';
  return { title, safety: isPlain ? 'safe' : 'unsafe', edits };
}

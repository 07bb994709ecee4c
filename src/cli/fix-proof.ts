// Proves a fix: runs a command that reproduces the leak as the project is, and again in a copy with the fixes made, both
// under `find`, and compares what grew. The project itself is not touched.

import { delimiter, isAbsolute, resolve } from 'node:path';
import { formatByteRate } from '../base/units.ts';
import type { Finding, FindReport } from '../diagnose/find-report.ts';
import { FIX_PROOF_SCHEMA, type FixProof } from '../protocol/fix-proof.ts';
import { copyProject, type ProjectCopy } from '../session/project-copy.ts';
import type { CliContext, Output } from './cli-context.ts';
import { type ObservationOptions, observeCommand } from './observed-command.ts';

export interface FixToProve {
  /** The folder the command is run in; all edited files lie in it. */
  readonly root: string;
  /** New contents of edited files, by absolute path. */
  readonly changed: ReadonlyMap<string, Uint8Array>;
  /** Folders modules are imported from (that of a top-level package, `src`), absolute: an installed project's own too. */
  readonly importRoots: readonly string[];
  readonly fixes: FixProof['fixes'];
  readonly command: readonly string[];
}

/** Runs the command twice. Throws what `find` throws, and E_FILE_WRITE where the copy cannot be made. */
export async function proveFix(
  { root, changed, importRoots, fixes, command }: FixToProve,
  observation: ObservationOptions,
  output: Output,
  context: CliContext,
): Promise<FixProof> {
  output.note('without the fix:');
  const before = await observeCommand(command, { find: observation, cwd: root }, output, context);
  const copy = copyProject(root, changed);
  try {
    output.note('with the fix:');
    const words = command.map((word) => (isAbsolute(word) ? copy.inside(word) : word));
    const env = { ...process.env, PYTHONPATH: importPath(copy, root, importRoots) };
    const after = await observeCommand(words, { find: observation, cwd: copy.root, env }, output, context);
    return compareRuns(before, after, { command, fixes, seconds: observation.seconds, files: new Set(changed.keys()) });
  } finally {
    copy.remove();
  }
}

/** The copy's modules before all others: an installed original must not win. */
function importPath(copy: ProjectCopy, root: string, importRoots: readonly string[]): string {
  const own = importRoots.map((path) => copy.inside(path));
  const given = (process.env.PYTHONPATH ?? '').split(delimiter).filter((path) => path !== '');
  return [...own, ...given.map((path) => copy.inside(resolve(root, path)))].join(delimiter);
}

interface ComparedRuns {
  readonly command: readonly string[];
  readonly fixes: FixProof['fixes'];
  readonly seconds: number;
  /** Paths of the edited files. */
  readonly files: ReadonlySet<string>;
}

/** Pure: what two reports say of the fixes between them. */
export function compareRuns(before: FindReport, after: FindReport, runs: ComparedRuns): FixProof {
  const { command, fixes, seconds, files } = runs;
  const isGrowing = ({ verdict }: Finding) => verdict === 'leak' || verdict === 'suspect';
  const growing = before.findings.filter(isGrowing);
  const touched = growing.filter(({ sites }) => sites.some(({ file }) => files.has(file)));
  const meant = touched.length > 0 ? touched : growing;
  const still = new Map(after.findings.filter(isGrowing).map((finding) => [finding.holder.name, finding]));
  const holders = growing.map((finding) => {
    const left = still.get(finding.holder.name)?.growth;
    return {
      name: finding.holder.name,
      fixed: meant.includes(finding),
      bytes_per_minute_before: finding.growth.bytes_per_minute,
      bytes_per_minute_after: left?.bytes_per_minute ?? 0,
      entries_per_minute_before: finding.growth.entries_per_minute,
      entries_per_minute_after: left?.entries_per_minute ?? 0,
    };
  });
  const verdict =
    meant.length === 0
      ? 'not reproduced'
      : after.verdict === 'inconclusive' || meant.some(({ holder }) => still.has(holder.name))
        ? 'not proved'
        : 'proved';
  return {
    schema: FIX_PROOF_SCHEMA,
    verdict,
    summary: summarise(verdict, meant, after, holders),
    command: [...command],
    seconds,
    fixes,
    before: runFacts(before),
    after: runFacts(after),
    holders,
  };
}

function runFacts({ verdict, growth }: FindReport): FixProof['before'] {
  const { bytes_per_minute, rss_bytes_per_minute } = growth;
  return { verdict, bytes_per_minute, rss_bytes_per_minute };
}

function summarise(
  verdict: FixProof['verdict'],
  meant: readonly Finding[],
  after: FindReport,
  holders: FixProof['holders'],
): string {
  const names = listed(meant.map(({ holder }) => holder.name));
  const grows = meant.length === 1 ? 'grows' : 'grow';
  switch (verdict) {
    case 'not reproduced':
      return 'nothing grew without the fix either: the command does not show the leak';
    case 'not proved':
      return after.verdict === 'inconclusive'
        ? `the run with the fix gave too little evidence: ${after.summary}`
        : `with the fix ${names} still ${grows}`;
    case 'proved': {
      const before = meant.reduce((sum, { growth }) => sum + growth.bytes_per_minute, 0);
      const others = holders.filter(({ fixed, bytes_per_minute_after }) => !fixed && bytes_per_minute_after > 0);
      const still = others.length === 1 ? 'still grows' : 'still grow';
      const rest = others.length === 0 ? '' : `; ${listed(others.map(({ name }) => name))} ${still}`;
      return `${names} grew ${formatByteRate(before)} and no longer ${grows}${rest}`;
    }
  }
}

/** `a`, `a and b`, `a, b and c`. */
function listed(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

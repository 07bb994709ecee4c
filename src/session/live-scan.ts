// Joins findings in source with a live process that runs it: a container that is seen growing is confirmed, one that
// stands still is doubted, each with its entries, bytes and rates.

import { diagnoseCandidates } from '../diagnose/diagnose.ts';
import type { FindReport } from '../diagnose/find-report.ts';
import type { LiveCandidate } from '../diagnose/live-candidates.ts';
import type { Observation } from '../diagnose/observation.ts';
import type { Confidence, DraftFinding, Subject } from '../scan/finding.ts';

/** A finding with the file it is in. */
export interface PlacedFinding {
  /** Absolute, links resolved. */
  readonly path: string;
  readonly finding: DraftFinding;
}

export interface ConfirmedFinding extends PlacedFinding {
  /** Undefined where the finding names nothing that a heap would show, or the process has not loaded the file. */
  readonly live: LiveCandidate | undefined;
}

/** What the process shows of each finding, in order, with its confidence set accordingly; and what `find` says of the run. */
export function confirmFindings(
  observation: Observation,
  findings: readonly PlacedFinding[],
): { readonly findings: readonly ConfirmedFinding[]; readonly report: FindReport } {
  const moduleOf = loadedModules(observation);
  const asked: Subject[] = [];
  const places = findings.map(({ path, finding }) => {
    const module = finding.subject === undefined ? undefined : moduleOf(path, finding.subject.module);
    if (module === undefined) return undefined;
    return asked.push({ ...finding.subject!, module }) - 1;
  });
  const { candidates, report } = diagnoseCandidates(observation, asked);
  const confirmed = findings.map((placed, i): ConfirmedFinding => {
    const place = places[i];
    const live = place === undefined ? undefined : candidates[place];
    return live === undefined ? { ...placed, live } : { ...placed, finding: weighed(placed.finding, live), live };
  });
  return { findings: confirmed, report };
}

/** Name under which the process has loaded a file: `__main__` for its script. Containers see files under other paths. */
function loadedModules({ source }: Observation): (path: string, module: string) => string | undefined {
  const byPath = new Map(source.files.map((file) => [file.path, file.module]));
  return (path, module) => byPath.get(path) ?? (source.byModule.has(module) ? module : undefined);
}

/** Seen growing, a guess is certain; seen standing still, it is worth a step less. */
function weighed(finding: DraftFinding, { state }: LiveCandidate): DraftFinding {
  if (state === 'growing') return { ...finding, confidence: 'high' };
  if (state === 'still') return { ...finding, confidence: DOUBTED[finding.confidence] };
  return finding;
}

const DOUBTED: Readonly<Record<Confidence, Confidence>> = { high: 'medium', medium: 'low', low: 'low' };

// Joins findings in source with a live process that runs it: a container that is seen growing is confirmed, one that
// stands still is doubted, each with its entries, bytes and rates.

import { existsSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { diagnoseCandidates } from '../diagnose/diagnose.ts';
import type { LiveCandidate } from '../diagnose/live-candidates.ts';
import type { Observation } from '../diagnose/observation.ts';
import { CONFIDENCES, type Confidence, type Subject } from '../scan/finding.ts';
import type { PlacedFinding, Selection } from '../scan/selection.ts';

export interface LiveSelection extends Selection {
  /** By finding; those without name nothing that a heap would show, or are of a file the process has not loaded. */
  readonly live: ReadonlyMap<PlacedFinding, LiveCandidate>;
}

/** The selection as the process speaks for or against it: findings move between shown and less sure. */
export function confirmSelection(observation: Observation, selection: Selection, least: Confidence): LiveSelection {
  const moduleOf = loadedModules(observation);
  const asked: Subject[] = [];
  const askedFor = [...selection.findings, ...selection.lessSure].map((finding) => {
    const { subject } = finding;
    const module = subject === undefined ? undefined : moduleOf(finding.path, subject.module);
    return { finding, place: module === undefined ? undefined : asked.push({ ...subject!, module }) - 1 };
  });
  const { candidates } = diagnoseCandidates(observation, asked);
  const live = new Map<PlacedFinding, LiveCandidate>();
  const weighed = askedFor.map(({ finding, place }) => {
    const candidate = place === undefined ? undefined : candidates[place];
    if (candidate === undefined) return finding;
    const changed = { ...finding, confidence: weigh(finding.confidence, candidate) };
    live.set(changed, candidate);
    return changed;
  });
  weighed.sort((a, b) => (a.path === b.path ? a.range.start - b.range.start : a.path < b.path ? -1 : 1));
  const isShown = ({ confidence }: PlacedFinding) => CONFIDENCES.indexOf(confidence) <= CONFIDENCES.indexOf(least);
  return {
    ...selection,
    findings: weighed.filter(isShown),
    lessSure: weighed.filter((finding) => !isShown(finding)),
    live,
  };
}

/** Name under which the process has loaded a file: `__main__` for its script. Containers see files under other paths. */
function loadedModules({ source }: Observation): (path: string, module: string) => string | undefined {
  const byPath = new Map(source.files.map((file) => [file.path, file.module]));
  return (path, module) => {
    const loaded = byPath.get(resolve(path)) ?? (existsSync(path) ? byPath.get(realpathSync(path)) : undefined);
    return loaded ?? (source.byModule.has(module) ? module : undefined);
  };
}

/** Seen growing, a guess is certain; seen standing still, it is worth a step less. */
function weigh(confidence: Confidence, { state }: LiveCandidate): Confidence {
  if (state === 'growing') return 'high';
  return state === 'still' ? DOUBTED[confidence] : confidence;
}

const DOUBTED: Readonly<Record<Confidence, Confidence>> = { high: 'medium', medium: 'low', low: 'low' };

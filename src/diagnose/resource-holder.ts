// Which holder of the program keeps the handles that are new: the container they were put into, or the object itself.

import { formatCount } from '../base/units.ts';
import { NOT_A_CONTAINER, qualifiedTypeName } from '../graph/heap-graph.ts';
import { PATH_SEPARATOR, type PathStep } from '../graph/path-names.ts';
import { findGrowthSites } from '../source/growth-sites.ts';
import { type DraftFinding, toFindSite } from './draft-finding.ts';
import type { FindHolder, FindSite } from './find-report.ts';
import type { HeapAnalysis } from './holder-findings.ts';
import { referenceOf } from './holder-reference.ts';
import type { KernelGrowth, Observation } from './observation.ts';
import { type OwnerNamer, ownerNamer } from './owner-names.ts';
import { type OwnerCount, type OwnerTally, tallyOwners } from './owner-tally.ts';
import type { KernelResource, ResourceReportKind } from './resource-report.ts';

/** The new resources of some kinds, with their owners. */
export interface AddedResources {
  readonly items: readonly KernelResource[];
  readonly tally: OwnerTally;
  /** The owner of most of them; undefined where most have none. */
  readonly main: OwnerCount | undefined;
}

export interface ResourceHolder {
  readonly holder: FindHolder;
  readonly sites: readonly FindSite[];
  /** The heap's own finding about the same holder, where there is one. */
  readonly finding: DraftFinding | undefined;
}

const NONE: AddedResources = { items: [], tally: { owners: [], unowned: 0, unownedExamples: [] }, main: undefined };

/** Looks up what is new; one for each run, as it names owners once. */
export function addedResources(
  kernel: KernelGrowth | undefined,
  analysis: HeapAnalysis,
): (kinds: readonly ResourceReportKind[]) => AddedResources {
  if (kernel === undefined) return () => NONE;
  const nameOwner: OwnerNamer = ownerNamer({ ...analysis, referrers: () => analysis.referrers });
  return (kinds) => {
    const added = kernel.added.filter((i) => {
      const { kind, isCommonlyNative } = kernel.items[i]!;
      return kinds.includes(kind) && !isCommonlyNative;
    });
    const tally = tallyOwners(kernel.items, added, kernel.owners, nameOwner);
    const most = tally.owners[0];
    return {
      items: added.map((i) => kernel.items[i]!),
      tally,
      main: most !== undefined && most.count >= tally.unowned ? most : undefined,
    };
  };
}

/** What keeps the handles: `module shop › global opened › file descriptors`. */
export function holderOf(
  observation: Observation,
  analysis: HeapAnalysis,
  findings: readonly DraftFinding[],
  added: AddedResources,
  noun: string,
  now: number,
): ResourceHolder {
  if (added.main === undefined) {
    const path =
      added.items.length === 0 ? `owner not seen${PATH_SEPARATOR}${noun}` : `no Python owner${PATH_SEPARATOR}${noun}`;
    return { holder: { path, name: noun, type: noun, entries: now }, sites: [], finding: undefined };
  }
  const steps = containerSteps(added.main.owner.path.steps);
  const path = stepsText(steps);
  const finding = findings.find((other) => other.holder.path === path);
  const node = steps.at(-1)!.node;
  const { graph, facts } = analysis;
  const named = referenceOf(graph, facts, steps);
  const entries = graph.entryCounts[node]!;
  const sites =
    finding?.sites ??
    (named.reference === undefined
      ? []
      : findGrowthSites(observation.source, {
          holder: named.reference,
          growingTypes: [added.main.owner.type],
          running: observation.running,
        }).grows.map((site) => toFindSite(observation, site)));
  return {
    holder: {
      path: `${path}${PATH_SEPARATOR}${noun}`,
      name: `${noun} of ${named.name}`,
      type: qualifiedTypeName(graph.types[graph.typeOf[node]!]!),
      address: `0x${graph.addresses[node]!.toString(16)}`,
      ...(entries === NOT_A_CONTAINER ? {} : { entries }),
    },
    sites,
    finding,
  };
}

/** Who holds how many of the new ones, and how many nobody does. */
export function ownersInWords({ items, tally, main }: AddedResources): string[] {
  if (items.length === 0) return [];
  const total = formatCount(items.length);
  const said: string[] = [];
  if (main !== undefined) {
    const { owner, count, certain } = main;
    const by = certain ? 'held by' : 'held, by the name of the attribute, by';
    said.push(`${formatCount(count)} of ${total} new ones are ${by} ${owner.path.text} (${owner.type})`);
  }
  if (tally.unowned > 0) {
    const examples =
      tally.unownedExamples.length === 0
        ? ''
        : ` (${tally.unownedExamples.join(', ')}${tally.unowned > tally.unownedExamples.length ? ', …' : ''})`;
    said.push(`${formatCount(tally.unowned)} of ${total} new ones have no Python owner${examples}`);
  }
  return said;
}

/** Up to the container whose entries are the owners: what is behind it differs from one to the next. */
function containerSteps(steps: readonly PathStep[]): readonly PathStep[] {
  for (let i = steps.length - 1; i > 0; i--) {
    const { kind } = steps[i]!;
    if (kind === 'element' || kind === 'value' || kind === 'key' || kind === 'repeat') return steps.slice(0, i);
  }
  return steps;
}

/** As namePath joins them. */
function stepsText(steps: readonly PathStep[]): string {
  return steps.map((step, i) => (i === 0 || step.kind === 'scanned' ? '' : PATH_SEPARATOR) + step.text).join('');
}

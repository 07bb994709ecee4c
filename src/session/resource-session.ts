// What a live process holds besides memory, joined with the objects of one capture of it.

import { findHandleOwners } from '../diagnose/handle-owners.ts';
import { type KernelResources, type ResourceReport, reportResources } from '../diagnose/resource-report.ts';
import { nodeNames } from '../graph/node-names.ts';
import { shortestPaths } from '../graph/reachability.ts';
import { buildReferrers, type Referrers } from '../graph/referrers.ts';
import { readResources } from '../target/resources.ts';
import type { AttachedTarget, HeapCapture } from './attached-target.ts';

/** The kernel's side of the answer. Read it right before the capture: what is opened between the two has no owner in it. */
export function readKernelResources(target: AttachedTarget): KernelResources {
  return readResources(target.info.pid);
}

/**
 * Who owns what the kernel had: groups with their owners' paths. What it no longer has is left out, as it may have gone
 * before the capture. The capture must be the target's last.
 */
export function resourceReport(target: AttachedTarget, capture: HeapCapture, kernel: KernelResources): ResourceReport {
  const { walk, image } = capture;
  const { graph } = walk;
  const lasting = target.isAlive ? onlyLasting(kernel, readKernelResources(target)) : kernel;
  const owners = findHandleOwners(graph, image, target.interpreter.layout, walk.threads, lasting.items);
  const referrers = (): Referrers => buildReferrers(graph);
  return reportResources({ graph, paths: shortestPaths(graph), names: nodeNames(graph), referrers }, lasting, owners);
}

function onlyLasting(before: KernelResources, after: KernelResources): KernelResources {
  const still = new Set(after.items.map((item) => item.identity));
  return { ...before, items: before.items.filter((item) => still.has(item.identity)) };
}

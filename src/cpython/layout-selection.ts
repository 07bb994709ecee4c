// Decides which layout a target's memory has. Releases of one minor version differ, and distributors patch them, so
// the version only orders the candidates: what the interpreter says about its own structures and a self-check decide.

import { LeakscopeError } from '../base/errors.ts';
import type { Address } from '../graph/heap-graph.ts';
import { debugOffsetMismatches, fitToDebugOffsets, readDebugOffsets } from './debug-offsets.ts';
import { Layout } from './layout.ts';
import { KNOWN_BUILDS } from './layouts/known-builds.ts';
import type { LayoutBuild } from './layouts/layout-build.ts';
import type { MemoryImage } from './memory-image.ts';
import type { PythonRuntimeLocation } from './runtime-location.ts';
import { failedCheck } from './self-check.ts';

const OLDEST_MINOR = 8;
const NEWEST_MINOR = Math.max(...KNOWN_BUILDS.map((build) => (build.versionHex >>> 16) & 0xff));
const SUPPORTED = `CPython 3.${OLDEST_MINOR} to 3.${NEWEST_MINOR} on x86-64 and aarch64`;
/** Since this version the runtime describes itself. */
const SELF_DESCRIBING_MINOR = 13;

/** What is known about the version before any structure is read. */
interface KnownVersion {
  readonly minor: number | undefined;
  readonly micro: number | undefined;
  readonly freeThreaded: boolean;
}

/**
 * The layout that fits the interpreter at `location`. Throws E_PYTHON_TOO_OLD, E_UNKNOWN_LAYOUT with the check that
 * failed, or E_NOT_CPYTHON when no interpreter runs there.
 */
export function selectLayout(image: MemoryImage, location: PythonRuntimeLocation): Layout {
  const offsets = readDebugOffsets(image, location.runtimeAddress);
  const version = knownVersion(location, offsets);
  refuseUnsupported(location, version);
  let failed: string | undefined;
  for (const build of candidates(image, location, version, offsets !== undefined)) {
    const layout = new Layout(build);
    const failure = failedCheck(image, layout, location.runtimeAddress);
    if (failure === undefined) return layout;
    failed ??= failure;
  }
  throw new LeakscopeError(
    'E_UNKNOWN_LAYOUT',
    failed === undefined
      ? `no known memory layout for ${versionName(version)} on ${location.arch}`
      : `the memory of ${versionName(version)} is not laid out as expected: it does not hold that ${failed}`,
    { hint: `known are ${SUPPORTED}; the interpreter must have finished starting and not be shutting down` },
  );
}

function knownVersion(
  location: PythonRuntimeLocation,
  offsets: { versionHex: number; freeThreaded: boolean } | undefined,
): KnownVersion {
  const hex = offsets?.versionHex ?? location.versionHex;
  const hint = location.versionHint;
  if (hex !== undefined) {
    return {
      minor: hex >>> 24 === 3 ? (hex >>> 16) & 0xff : 0,
      micro: (hex >>> 8) & 0xff,
      freeThreaded: offsets?.freeThreaded ?? location.freeThreaded ?? false,
    };
  }
  return {
    minor: hint === undefined ? undefined : hint.major === 3 ? hint.minor : 0,
    micro: hint?.micro,
    freeThreaded: location.freeThreaded ?? false,
  };
}

function refuseUnsupported(location: PythonRuntimeLocation, version: KnownVersion): void {
  if (version.minor !== undefined && version.minor < OLDEST_MINOR) {
    throw new LeakscopeError('E_PYTHON_TOO_OLD', `${versionName(version)} is too old to be read`, {
      hint: `supported are ${SUPPORTED}`,
    });
  }
  if (version.minor !== undefined && version.minor > NEWEST_MINOR) {
    throw new LeakscopeError('E_UNKNOWN_LAYOUT', `${versionName(version)} is newer than this leakscope`, {
      hint: `supported are ${SUPPORTED}; a newer leakscope may know it`,
    });
  }
  if (location.runtimeAddress === 0) {
    throw new LeakscopeError('E_NOT_CPYTHON', `${location.modulePath} holds no CPython runtime`, {
      hint: `supported are ${SUPPORTED}`,
    });
  }
}

function versionName({ minor, micro, freeThreaded }: KnownVersion): string {
  if (minor === undefined) return 'this CPython';
  if (minor === 0) return 'Python 2';
  return `CPython 3.${minor}${micro === undefined ? '' : `.${micro}`}${freeThreaded ? ' (free-threaded)' : ''}`;
}

/** Builds worth trying, the likeliest first. */
function candidates(
  image: MemoryImage,
  location: PythonRuntimeLocation,
  version: KnownVersion,
  selfDescribing: boolean,
): LayoutBuild[] {
  const distance = (build: LayoutBuild): number => Math.abs(((build.versionHex >>> 8) & 0xff) - (version.micro ?? 0));
  const builds = KNOWN_BUILDS.filter((build) => {
    const minor = (build.versionHex >>> 16) & 0xff;
    return (
      build.arch === location.arch &&
      build.freeThreaded === version.freeThreaded &&
      (version.minor === undefined ? minor < SELF_DESCRIBING_MINOR : minor === version.minor)
    );
  }).sort((a, b) => distance(a) - distance(b));
  if (!selfDescribing || builds.length === 0) return builds;
  const mismatches = new Map(builds.map((build) => [build, countMismatches(image, build, location.runtimeAddress)]));
  builds.sort((a, b) => mismatches.get(a)! - mismatches.get(b)! || distance(a) - distance(b));
  return mismatches.get(builds[0]!) === 0
    ? builds
    : [fitToDebugOffsets(image, builds, location.runtimeAddress), ...builds];
}

function countMismatches(image: MemoryImage, build: LayoutBuild, runtimeAddress: Address): number {
  return debugOffsetMismatches(image, new Layout(build), runtimeAddress).length;
}

// Stacks as a pprof profile, with the sample types that heap profiles of Go and jemalloc have (inuse_objects,
// inuse_space), and those of growth.
//
// Pyroscope takes it as it is: a period type as Go's, a mapping that says that names are known, no value below 0 (it
// drops such samples), the empty string first.

import {
  Function as CalledFunction,
  Line,
  Location,
  Mapping,
  Profile,
  Sample,
  StringTable,
  ValueType,
} from 'pprof-format';
import type { StackProfile } from './stack-profile.ts';

export interface PprofOptions {
  /** When the snapshot was taken, or the last of those that are compared, in milliseconds since 1970. */
  readonly takenAtMs: number;
  /** Between the compared ones. */
  readonly durationMs?: number | undefined;
  readonly comment: string;
}

const MAPPING = 1;

/** The profile as a protobuf message, not yet compressed. */
export function pprofBytes(profile: StackProfile, { takenAtMs, durationMs = 0, comment }: PprofOptions): Uint8Array {
  const { columns, mainColumn, stackCount } = profile;
  const strings = new StringTable();
  const valueType = (type: string, unit: string): ValueType =>
    new ValueType({ type: strings.dedup(type), unit: strings.dedup(unit) });
  const samples: Sample[] = [];
  for (let stack = 0; stack < stackCount; stack++) {
    const value = columns.map(({ values }) => values[stack]!);
    if (value.every((figure) => figure === 0)) continue;
    // The innermost frame comes first. Its location goes by the index of the frame, 0 being no id.
    samples.push(
      new Sample({
        locationId: profile
          .framesOf(stack)
          .map((frame) => frame + 1)
          .reverse(),
        value,
      }),
    );
  }
  const { functions, locations } = symbols(profile, strings);
  return new Profile({
    sampleType: columns.map(({ type, unit }) => valueType(type, unit)),
    defaultSampleType: strings.dedup(columns[mainColumn]!.type),
    sample: samples,
    mapping: [
      // Nothing is left to look up: readers need no executable.
      new Mapping({ id: MAPPING, hasFunctions: true, hasFilenames: true, hasLineNumbers: true }),
    ],
    location: locations,
    function: functions,
    periodType: valueType('space', 'bytes'),
    period: 1,
    timeNanos: BigInt(Math.round(takenAtMs - durationMs)) * 1_000_000n,
    durationNanos: BigInt(Math.round(durationMs)) * 1_000_000n,
    comment: [strings.dedup(comment)],
    stringTable: strings,
  }).encode();
}

/** A location for every frame; lines of one function share it. */
function symbols(
  { frames }: StackProfile,
  strings: StringTable,
): { readonly functions: CalledFunction[]; readonly locations: Location[] } {
  const functions: CalledFunction[] = [];
  const idOf = new Map<string, number>();
  const locations = frames.map(({ name, place }, frame) => {
    const key = `${name}\0${place?.file ?? ''}`;
    let id = idOf.get(key);
    if (id === undefined) {
      id = functions.length + 1;
      idOf.set(key, id);
      const filename = strings.dedup(place?.file ?? '');
      // Without a system name, which says that the name is no C++ one: pprof would take <module> for a template.
      functions.push(new CalledFunction({ id, name: strings.dedup(name), filename }));
    }
    const line = new Line({ functionId: id, line: place?.line ?? 0 });
    return new Location({ id: frame + 1, mappingId: MAPPING, line: [line] });
  });
  return { functions, locations };
}

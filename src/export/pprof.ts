// Stacks as a pprof profile: inuse_objects and inuse_space, as heap profiles of Go and jemalloc have them.

import { Line, Location, Function as PprofFunction, Profile, Sample, StringTable, ValueType } from 'pprof-format';
import type { StackTree } from './stack-tree.ts';

export interface PprofOptions {
  /** When the snapshot was taken, in milliseconds since 1970. */
  readonly takenAtMs: number;
  readonly comment: string;
}

/** The profile as a protobuf message, not yet compressed. */
export function pprofBytes(tree: StackTree, { takenAtMs, comment }: PprofOptions): Uint8Array {
  const strings = new StringTable();
  const objects = new ValueType({ type: strings.dedup('inuse_objects'), unit: strings.dedup('count') });
  const space = new ValueType({ type: strings.dedup('inuse_space'), unit: strings.dedup('bytes') });
  // A frame is a function with one location; both go by the name's index, 0 being no id.
  const used = new Set(tree.nameOf.slice(1));
  const functions = Array.from(used, (name) => new PprofFunction({ id: name, name: strings.dedup(tree.names[name]!) }));
  const locations = Array.from(used, (name) => new Location({ id: name, line: [new Line({ functionId: name })] }));
  const samples: Sample[] = [];
  for (let entry = 1; entry < tree.nameOf.length; entry++) {
    if (tree.objects[entry] === 0) continue;
    // The innermost frame comes first.
    const locationId: number[] = [];
    for (let at = entry; at !== 0; at = tree.parentOf[at]!) locationId.push(tree.nameOf[at]!);
    samples.push(new Sample({ locationId, value: [tree.objects[entry]!, tree.bytes[entry]!] }));
  }
  return new Profile({
    sampleType: [objects, space],
    defaultSampleType: strings.dedup('inuse_space'),
    sample: samples,
    location: locations,
    function: functions,
    periodType: space,
    period: 1,
    timeNanos: BigInt(takenAtMs) * 1_000_000n,
    comment: [strings.dedup(comment)],
    stringTable: strings,
  }).encode();
}

// Stacks as a speedscope file: one profile for each figure over the same frames, what is of interest first.

import type { ProfileColumn, StackProfile } from './stack-profile.ts';

const SCHEMA_ADDRESS = 'https://www.speedscope.app/file-format-schema.json';

export interface SpeedscopeOptions {
  readonly title: string;
  readonly exporter: string;
}

/** The file in pieces. */
export function* speedscopeText(profile: StackProfile, { title, exporter }: SpeedscopeOptions): Generator<string> {
  const frames = profile.frames.map(({ name, place }) => ({
    name,
    ...(place === undefined ? {} : { file: place.file }),
    ...(place === undefined || place.line === 0 ? {} : { line: place.line }),
  }));
  const head = { $schema: SCHEMA_ADDRESS, name: title, exporter, activeProfileIndex: 0, shared: { frames } };
  yield `${JSON.stringify(head).slice(0, -1)},"profiles":[`;
  const main = profile.columns[profile.mainColumn]!;
  const sorted = [main, ...profile.columns.filter((column) => column !== main)];
  for (const [index, column] of sorted.entries()) {
    if (index > 0) yield ',';
    yield* profileText(profile, column);
  }
  yield ']}\n';
}

function* profileText(profile: StackProfile, { title, unit, values }: ProfileColumn): Generator<string> {
  const stacks = values.flatMap((value, stack) => (value > 0 ? [stack] : []));
  const endValue = stacks.reduce((sum, stack) => sum + values[stack]!, 0);
  const head = { type: 'sampled', name: title, unit: unit === 'bytes' ? unit : 'none', startValue: 0, endValue };
  yield `${JSON.stringify(head).slice(0, -1)},"samples":[`;
  for (const [index, stack] of stacks.entries()) {
    yield `${index === 0 ? '' : ','}[${profile.framesOf(stack).join(',')}]`;
  }
  yield `],"weights":[${stacks.map((stack) => values[stack]).join(',')}]}`;
}

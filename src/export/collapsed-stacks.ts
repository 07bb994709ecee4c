// Stacks with their bytes, one a line, as Brendan Gregg's flamegraph.pl and its kin read them: `a;b;c 1024`.

import type { ProfileFrame, StackProfile } from './stack-profile.ts';

/** Lines in the profile's order; stacks without bytes have none. */
export function* collapsedLines(profile: StackProfile): Generator<string> {
  const { values } = profile.columns[profile.mainColumn]!;
  const texts = profile.frames.map(frameText);
  for (let stack = 0; stack < profile.stackCount; stack++) {
    if (values[stack] === 0) continue;
    const frames = profile.framesOf(stack).map((frame) => texts[frame]);
    yield `${frames.join(';')} ${values[stack]}\n`;
  }
}

/** `load_user (/srv/shop/users.py:50)`. What separates frames and lines cannot stand in it. */
function frameText({ name, place }: ProfileFrame): string {
  const line = place === undefined || place.line === 0 ? '' : `:${place.line}`;
  const text = place === undefined ? name : `${name} (${place.file}${line})`;
  return text.replaceAll(';', ',').replace(/\s/g, ' ').trim();
}

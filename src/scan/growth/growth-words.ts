// The sentence that says what a container gains, for the rules that have no better one.

import { type ScannedFile, textOf } from '../scanned-file.ts';
import type { GrowingContainer } from './growing-containers.ts';

/** Longer key expressions say less than their source. */
const MAX_KEY_LENGTH = 40;

export function growthSentence(file: ScannedFile, { container, growth }: GrowingContainer): string {
  const { label } = container;
  const name = growth.function.node.kind === 'Lambda' ? '' : growth.function.node.name;
  const every = growth.isEndless ? `every round of the loop in \`${name}\`` : `every run of \`${name}\``;
  if (growth.key === undefined) return `\`${label}\` gains an element at ${every}, and nothing is ever taken out`;
  return `\`${label}\` gains an entry for every new ${keyWords(file, growth.key)}, and none is ever removed`;
}

/** A key as messages name it: its text in backquotes, or `key` where that is long or of several lines. */
export function keyWords(file: ScannedFile, key: Parameters<typeof textOf>[1]): string {
  const text = textOf(file, key);
  return text.length > MAX_KEY_LENGTH || /[\r\n`]/.test(text) ? 'key' : `\`${text}\``;
}

// The words a file is written in, for asking many times whether one of them is there at all.

import { oncePerFile, type ScannedFile } from './scanned-file.ts';

/** A keyword is no identifier of the file: it is looked for in the text. */
const IDENTIFIER = /^(?!(?:class|def|except|finally|for|from|global|import|lambda|raise|with|yield)$)\w+$/;

/** Every identifier of the file once, import paths included: a tenth of the text, and as good to search for a name. */
const vocabularyOf = oncePerFile(({ source }: ScannedFile): string => {
  const words = new Set<string>([...source.names.keys(), ...source.attributes.keys(), ...source.importPaths]);
  for (const { node } of source.functions) if (node.kind !== 'Lambda') words.add(node.name);
  for (const { node } of source.classes) words.add(node.name);
  for (const call of source.calls) for (const { arg } of call.keywords) if (arg !== undefined) words.add(arg);
  for (const binding of source.scopes.module.bindings.values()) words.add(binding.name);
  return [...words].join(' ');
});

/** Asked for the words of every rule in every file. */
const identifiers = new Map<string, boolean>();

function isIdentifier(word: string): boolean {
  let answer = identifiers.get(word);
  if (answer === undefined) {
    answer = IDENTIFIER.test(word);
    identifiers.set(word, answer);
  }
  return answer;
}

/** Whether the word, or one that begins, ends or goes on with it, is anywhere in the file; other text is looked for as it is. */
export function mentions(file: ScannedFile, word: string): boolean {
  return (isIdentifier(word) ? vocabularyOf(file) : file.source.text).includes(word);
}

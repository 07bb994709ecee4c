import { describe, expect, test } from 'vitest';
import { type CandidateEvidence, candidatesInWords, extensionCandidates } from './extension-candidates.ts';

const nothing: CandidateEvidence = {
  typeModule: 'builtins',
  heldByFiles: [],
  extensionModules: [],
  calledPackages: [],
};
const inWords = (evidence: Partial<CandidateEvidence>) =>
  candidatesInWords(extensionCandidates({ ...nothing, ...evidence }));

describe('the extensions that could hold references', () => {
  test('come by their evidence, each once', () => {
    expect(
      inWords({
        typeFile: '_leaky.cpython-312-x86_64-linux-gnu.so',
        heldByFiles: ['libpython3.12.so.1.0', 'etree.cpython-312-x86_64-linux-gnu.so', '_leaky.abi3.so'],
        extensionModules: ['ujson', 'lxml.etree', 'lxml.objectify', 'orjson.orjson', '_leaky'],
        calledPackages: ['orjson', 'lxml'],
      }),
    ).toBe(
      'could be held by: _leaky (defines the type), lxml.etree (its data points at them), ' +
        'orjson.orjson (called by the program), ujson (loaded)',
    );
  });

  test('a heap type is known by its module; the interpreter is none', () => {
    expect(inWords({ typeModule: 'lxml.etree', extensionModules: ['lxml.etree'] })).toBe(
      'could be held by: lxml.etree (defines the type)',
    );
    expect(inWords({ typeFile: 'python3.11', heldByFiles: ['interpreter state', 'python3.13t'] })).toBeUndefined();
  });

  test('are at most five', () => {
    expect(extensionCandidates({ ...nothing, extensionModules: ['a', 'b.x', 'b.y', 'c', 'd', 'e', 'f'] })).toHaveLength(
      5,
    );
  });
});

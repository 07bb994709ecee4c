// What to do about what is concluded of the cyclic collector. docs/gc.md says more of each.

/** Stable names, of the wire format. */
export type CollectorConclusionCode =
  | 'off'
  | 'never starts'
  | 'hardly starts'
  | 'starved'
  | 'frozen'
  | 'frozen garbage'
  | 'keeps everything'
  | 'gc.garbage'
  | 'many callbacks'
  | 'fruitless';

const ADVICE: Readonly<Record<CollectorConclusionCode, string>> = {
  off: 'call gc.enable(), or gc.collect() now and then where a pause does no harm; or cut the cycles that become garbage (weakref, or None when done)',
  'never starts':
    'give it a first threshold again (gc.set_threshold(2000)), or call gc.collect() now and then where a pause does no harm',
  'hardly starts':
    'lower the first threshold: 50,000 makes collections rare already; or call gc.collect() now and then where a pause does no harm',
  starved:
    'call gc.collect() now and then where a pause does no harm, or cut the cycles that become garbage (weakref, or None when done)',
  frozen:
    'that is right for what was made at the start, before fork(); what is made and dropped later must not be frozen',
  'frozen garbage':
    'gc.freeze() came too early or too often: no collection frees these. Call it once, after the start and after gc.collect(); gc.unfreeze() hands them back',
  'keeps everything':
    'gc.set_debug(0), then gc.garbage.clear(): DEBUG_SAVEALL (DEBUG_LEAK has it too) is for a look, not for production',
  'gc.garbage':
    'objects of extension types that cannot be taken apart, or what the program put there: gc.garbage.clear() lets go of them',
  fruitless:
    'raise the first threshold (gc.set_threshold(50_000)): what the program makes is freed without the collector; or gc.freeze() what was made at the start',
  'many callbacks': 'something appends to gc.callbacks again and again: remove each that is no longer needed',
};

/** A conclusion, its figures in `text`, with what to do. */
export function withAdvice(
  code: CollectorConclusionCode,
  text: string,
): { readonly code: CollectorConclusionCode; readonly text: string; readonly advice: string } {
  return { code, text, advice: ADVICE[code] };
}

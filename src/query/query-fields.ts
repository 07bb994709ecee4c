// The words of the query language: its fields, what each compares, and the conditions of `is:`. Parser, completion and
// documentation all read these tables, so that none knows a word the others do not.

/** Fields that are compared with a text: `type:Session`. */
export const TEXT_FIELDS = {
  type: 'of this type: its qualified name, the end of it, or its bare name; * and ? stand for any characters',
  module: 'of a type that this module or one below it defines',
  name: 'a module, class, function, thread or frame of this name',
  has: 'with an attribute, global or variable of this name',
  'refers-to': 'that refer directly to an object of this type, to this module or to this address',
  'held-by': 'that an object of this type, this module or this address refers to directly',
  under: 'that would go with an object of this type, with this module or with this address',
  address: 'the object that begins at this address',
  is: 'in this condition',
} as const;
export type TextField = keyof typeof TEXT_FIELDS;

/** Fields that are compared with a number: `retained>1MB`. */
export const NUMBER_FIELDS = {
  size: { unit: 'bytes', meaning: 'memory of the object itself and the buffers it owns' },
  retained: { unit: 'bytes', meaning: 'memory that would be freed with the object' },
  objects: { unit: 'count', meaning: 'objects that would be freed with it, itself included' },
  entries: { unit: 'count', meaning: 'entries of a container' },
  referrers: { unit: 'count', meaning: 'references to the object' },
  referents: { unit: 'count', meaning: 'references the object has' },
  depth: { unit: 'count', meaning: 'references on the shortest path from a root to the object' },
} as const;
export type NumberField = keyof typeof NUMBER_FIELDS;

/** Conditions of `is:`. */
export const CONDITIONS = {
  reachable: 'some root reaches it',
  garbage: 'no root reaches it: it waits for the collector, or the collector cannot free it',
  root: 'alive without a referrer',
  tracked: 'on a list of the cyclic collector',
  old: 'in the collector’s oldest generation',
  container: 'has entries',
  code: 'a module, class or function: part of the program',
  namespace: 'the __dict__ of a module, class, function or instance',
  native: 'held by native code as well: more references than known referrers',
  static: 'in the data of the executable or a library, not in the heap',
  ownerless: 'found in the allocator, without a reference from a known object',
  synthetic: 'a thread or running frame, which gives local variables a name',
} as const;
export type Condition = keyof typeof CONDITIONS;

export const OPERATORS = ['>=', '<=', '!=', '>', '<', '='] as const;
export type Operator = (typeof OPERATORS)[number];

export function isTextField(word: string): word is TextField {
  return Object.hasOwn(TEXT_FIELDS, word);
}

export function isNumberField(word: string): word is NumberField {
  return Object.hasOwn(NUMBER_FIELDS, word);
}

export function isCondition(word: string): word is Condition {
  return Object.hasOwn(CONDITIONS, word);
}

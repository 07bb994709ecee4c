// References in fixed fields of a structure: most C types of the interpreter are a row of them.

import type { Address } from '../../graph/heap-graph.ts';
import type { EdgeVisitor } from '../edge-visitor.ts';
import type { Layout } from '../layout.ts';
import type { DecodeContext } from './decode-context.ts';

/** A field of a structure and the name its edge goes by. */
export interface NamedOffset {
  readonly offset: number;
  /** As given by `fieldId`. */
  readonly field: number;
}

/** Below this nothing is mapped; from 3.12 on static types keep a small index where others keep a pointer. */
const LOWEST_ADDRESS = 0x10000;

/** The fields of `struct` that this layout has, of the rows `[field of the structure, name of the edge]`. */
export function presentFields(
  layout: Layout,
  struct: string,
  rows: readonly (readonly [string, number])[],
): NamedOffset[] {
  return rows
    .map(([name, field]) => ({ offset: layout.at(`${struct}.${name}`), field }))
    .filter((row) => row.offset >= 0);
}

/** Reports the references in the fields that are set. */
export function visitFields(
  context: DecodeContext,
  object: Address,
  fields: readonly NamedOffset[],
  visitor: EdgeVisitor,
): void {
  for (const { offset, field } of fields) {
    const target = context.image.pointer(object + offset);
    if (target >= LOWEST_ADDRESS) visitor.field(target, field);
  }
}

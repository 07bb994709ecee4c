// The statement that releases what an object keeps in an attribute, as an edit would write it.

import { useOf } from '../edits/edits.ts';
import type { Edit } from '../finding.ts';
import type { ScannedFile } from '../scanned-file.ts';
import type { ResourceModel } from './resource-models.ts';

/** Undefined where no one call does it, or where it may block: a child process is waited for. */
export function releaseOf(
  file: ScannedFile,
  model: ResourceModel,
  field: string,
): { readonly statement: string; readonly edits: readonly Edit[] } | undefined {
  if (model.family === 'process') return undefined;
  const [method] = model.methods;
  if (!model.isPlainValue && method !== undefined) {
    return { statement: `${model.isAsync ? 'await ' : ''}${field}.${method}()`, edits: [] };
  }
  const [name] = model.functions;
  const dot = name?.lastIndexOf('.') ?? -1;
  const used = dot < 0 ? undefined : useOf(file, name!.slice(0, dot), name!.slice(dot + 1));
  return used === undefined ? undefined : { statement: `${used.expression}(${field})`, edits: used.edits };
}

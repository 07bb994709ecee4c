// Collector, garbage and reference counts of one snapshot, as parts of a command's output; src/diagnose/collector-report.ts,
// garbage-report.ts and refcount-report.ts are the same shapes as TypeScript types.

import * as v from 'valibot';
import { address, count, flag, number, text } from './common.ts';

export const TypeAmountSchema = v.strictObject({
  type: text('qualified type name'),
  objects: count('objects of the type'),
  bytes: number('their own memory'),
});

export const CollectorReportSchema = v.strictObject({
  enabled: flag('gc.isenabled()'),
  thresholds: v.pipe(v.array(v.number()), v.description('gc.get_threshold(), young to old')),
  counts: v.pipe(v.array(v.number()), v.description('gc.get_count(), young to old')),
  debug_flags: v.pipe(v.array(v.string()), v.description('flags of gc.get_debug() that are set')),
  generations: v.pipe(
    v.array(
      v.strictObject({
        objects: v.exactOptional(count('objects on its list; absent in free-threaded builds, which have no lists')),
        collections: number('collections of the generation so far'),
        collected: number('objects they freed'),
        uncollectable: number('objects they could not free'),
      }),
    ),
    v.description('young to old'),
  ),
  frozen_objects: v.exactOptional(count('objects set aside by gc.freeze() or at the start of the interpreter')),
  callbacks: v.pipe(
    v.array(v.string()),
    v.description('functions in gc.callbacks by module and qualified name, at most eight'),
  ),
  callback_count: count('entries of gc.callbacks'),
  garbage_list_objects: count('entries of gc.garbage'),
  conclusions: v.pipe(
    v.array(
      v.strictObject({
        code: v.picklist([
          'off',
          'never starts',
          'hardly starts',
          'starved',
          'frozen',
          'frozen garbage',
          'keeps everything',
          'gc.garbage',
          'many callbacks',
          'fruitless',
        ]),
        text: text('what is so, with its figures'),
        advice: text('what to do about it'),
      }),
    ),
    v.description('what is worth knowing of it'),
  ),
});

export const GarbageReportSchema = v.strictObject({
  objects: count('objects no root reaches'),
  bytes: number('their memory'),
  old_objects: count('the part that only a full collection frees'),
  old_bytes: number('its memory'),
  clusters: count('groups of garbage around the cycles that keep them alive'),
  clusters_named: count('the largest of them, whose cycles were named'),
  largest: v.pipe(
    v.array(
      v.strictObject({
        cycle: text('the cycle as a loop of names; empty for what is no cycle'),
        clusters: count('clusters held together by such a cycle'),
        objects: count('objects in them'),
        bytes: number('their memory'),
        types: v.array(TypeAmountSchema),
        finalizers: v.pipe(v.array(v.string()), v.description('types among them that have __del__')),
      }),
    ),
    v.description('most bytes first'),
  ),
  types: v.array(TypeAmountSchema),
  kept: v.pipe(v.array(TypeAmountSchema), v.description('entries of gc.garbage by type')),
});

export const RefcountReportSchema = v.strictObject({
  audited_objects: count('objects whose count was compared with the known references'),
  uncounted_objects: count('objects left out: immortal, or counted only during collections'),
  interpreter_references: count("references that the interpreter's own data accounts for"),
  lost_references: count('references found nowhere'),
  types: v.pipe(
    v.array(
      v.strictObject({
        type: text('qualified type name'),
        objects: count('objects with more references than are known'),
        bytes: number('their own memory'),
        references: count('references that no Python object accounts for'),
        lost_references: count('the part of them that was not found in native memory either'),
        held: v.array(
          v.strictObject({ by: text('what in native code accounts for them'), references: count('how many') }),
        ),
        candidates: v.pipe(
          v.array(
            v.strictObject({
              module: text('extension module'),
              reason: v.picklist(['defines the type', 'its data points at them', 'called by the program', 'loaded']),
            }),
          ),
          v.description('modules that could be behind it, best evidence first'),
        ),
      }),
    ),
    v.description('most lost references first'),
  ),
  objects: v.pipe(
    v.array(
      v.strictObject({
        type: text('qualified type name'),
        address: address('of the object'),
        lost_references: count('references of it found nowhere'),
        path: v.exactOptional(text('what keeps it alive besides')),
      }),
    ),
    v.description('single objects that lost more than one reference, most first'),
  ),
  misread_objects: count('objects with fewer references than referrers: something was misread'),
});

/** The three together. */
export const ReferenceReportSchema = v.strictObject({
  collector: CollectorReportSchema,
  garbage: GarbageReportSchema,
  references: RefcountReportSchema,
});

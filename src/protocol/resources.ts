// What a process holds besides memory, as part of an answer. src/diagnose/resource-report.ts is the same shape as a
// TypeScript type; a test holds the two together.

import * as v from 'valibot';
import { count, flag, text } from './common.ts';

const numbers = (description: string) =>
  v.pipe(v.array(v.pipe(v.number(), v.integer(), v.minValue(0))), v.description(description));

const OwnerSchema = v.strictObject({
  path: text('names from a root to the owner'),
  type: text('qualified type name of the owner'),
  count: count('how many of the group it holds, with all others at such a path'),
  certain: flag('false where only a name (fd, pid) says that the object holds it'),
  examples: numbers('some of the descriptors, thread or process ids, as the process itself knows them'),
});

const ResourceGroupSchema = v.strictObject({
  kind: v.picklist([
    'files',
    'temporary files',
    'deleted files',
    'devices',
    'sockets',
    'pipes',
    'event descriptors',
    'shared memory',
    'memory maps',
    'threads',
    'child processes',
  ]),
  name: text('what the members do: tcp to 10.0.0.5:5432, files in /var/log, pool-#'),
  count: count('members of the group'),
  states: v.exactOptional(
    v.pipe(v.record(v.string(), v.number()), v.description('how many are in each state: CLOSE_WAIT, sleeping, zombie')),
  ),
  bytes: v.exactOptional(count('disk space of temporary and deleted files; size of shared memory and of maps')),
  owners: v.pipe(v.array(OwnerSchema), v.description('Python objects that own them, most first')),
  owned_by_others: count('owned by Python objects that are not listed'),
  unowned: v.exactOptional(count('no Python object owns them; absent where native code commonly has such of its own')),
  unowned_examples: numbers('some that no Python object owns'),
});

export const ResourceReportSchema = v.strictObject({
  descriptors: count('open file descriptors'),
  descriptor_limit: v.exactOptional(count('open file descriptors allowed')),
  groups: v.pipe(v.array(ResourceGroupSchema), v.description('by kind, of each kind the largest first')),
  groups_left_out: count('smaller groups that are not listed'),
});

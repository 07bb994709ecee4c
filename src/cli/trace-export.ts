// The stacks of a trace as a file of another tool: traced memory by the calls that allocated it, and what of it grew.

import { LeakscopeError } from '../base/errors.ts';
import type { TraceExport, TraceTarget } from '../diagnose/trace-report.ts';
import { profileOfAllocations } from '../export/stack-profile.ts';
import type { TraceExportFormat } from '../protocol/trace.ts';
import { checkWritable, writeExportFile } from '../session/export-file.ts';
import type { TakenProfile } from '../session/trace-session.ts';
import { OPEN_WITH } from './export-formats.ts';
import { profilePieces } from './profile-formats.ts';
import { sanitizeStrings } from './render/sanitize.ts';

export interface TraceExportFlags {
  readonly export?: TraceExportFormat;
  readonly output?: string;
}

export interface AskedExport {
  readonly format: TraceExportFormat;
  readonly file: string;
}

/** Undefined where none is asked for. Throws E_USAGE, and E_FILE_WRITE before there is anything to write. */
export async function askedExport({
  export: format,
  output: file,
}: TraceExportFlags): Promise<AskedExport | undefined> {
  if (format === undefined && file === undefined) return undefined;
  if (format === undefined || file === undefined) {
    throw new LeakscopeError('E_USAGE', '--export FORMAT and -o FILE belong together', {
      hint: 'leakscope trace 4242 --export pprof -o trace.pb.gz',
    });
  }
  await checkWritable(file);
  return { format, file };
}

/** Writes the file; what it says of it stands in the report. Throws E_FILE_WRITE. */
export async function writeTraceExport(
  { allocations, takenAtMs }: TakenProfile,
  { format, file }: AskedExport,
  { target, signal }: { readonly target: TraceTarget; readonly signal: AbortSignal },
): Promise<TraceExport> {
  // File names and functions are the program's own words.
  const frames = sanitizeStrings(allocations.frames);
  const profile = profileOfAllocations({ ...allocations, frames });
  const title = sanitizeStrings(`${target.app} (pid ${target.pid})`);
  const durationMs = allocations.observedSeconds * 1000;
  const pieces = await profilePieces(profile, format, { title, takenAtMs, durationMs });
  const main = profile.columns[profile.mainColumn]!.type;
  const others = profile.columns.map(({ type }) => type).filter((type) => type !== main);
  return {
    format,
    file,
    file_bytes: await writeExportFile(file, pieces, { signal }),
    stacks: profile.stackCount,
    values: format === 'collapsed' ? [main] : [main, ...others],
    open_with: OPEN_WITH[format],
  };
}

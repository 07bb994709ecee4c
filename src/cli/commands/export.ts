// leakscope export: one heap in the file format of another tool.

import { type Command, Option } from 'commander';
import { LeakscopeError } from '../../base/errors.ts';
import { CSV_TABLES, type CsvTable } from '../../export/csv-tables.ts';
import { WORD_BYTES } from '../../graph/heap-graph.ts';
import { EXPORT_FORMATS, EXPORT_SCHEMA, type ExportFormat, type ExportReport } from '../../protocol/export.ts';
import { writeExportFile } from '../../session/export-file.ts';
import { parseCountOf } from '../arguments.ts';
import { type CliContext, openOutput } from '../cli-context.ts';
import { exportContent, OPEN_WITH } from '../export-formats.ts';
import { loadHeap, type SourceFlags, SYSROOT_OPTION } from '../heap-source.ts';
import { renderExport } from '../render/export-text.ts';

interface ExportFlags extends SourceFlags {
  readonly format: ExportFormat;
  readonly output: string;
  readonly table?: CsvTable;
  readonly top?: number;
}

const HELP = `
Like a .heap file, an export holds names, sizes and references, and no value.

Examples:
  leakscope export a.heap --format html -o report.html
  leakscope export a.heap --format heapsnapshot -o a.heapsnapshot
  leakscope export 4242 --format pprof -o a.pb.gz && go tool pprof -top a.pb.gz
  leakscope export a.heap --format collapsed -o a.folded && flamegraph.pl --countname=bytes a.folded > a.svg
  leakscope export a.heap --format csv --table holders -o holders.csv`;

export function addExportCommand(program: Command, context: CliContext): void {
  program
    .command('export')
    .summary('a heap for the browser, Chrome DevTools, pprof, flame graphs, spreadsheets')
    .description('Writes the heap of a process, a .heap file or a core file in the format of another tool.')
    .argument('<target>', 'a .heap file, a core file, or the PID of a process')
    .addOption(new Option('--format <name>', 'format to write').choices(EXPORT_FORMATS).makeOptionMandatory())
    .requiredOption('-o, --output <file>', 'file to write; replaces an older one when it is complete')
    .addOption(new Option('--table <name>', 'for csv: which table (default: types)').choices(CSV_TABLES))
    .option(
      '--top <n>',
      "rows of the page's tables, or of the table of holders (default: 100, or 1000)",
      parseCountOf(1),
    )
    .option(...SYSROOT_OPTION)
    .addHelpText('after', HELP)
    .action(async (target: string, flags: ExportFlags, command: Command) => {
      const output = openOutput(context, command);
      const { format, output: file } = flags;
      if (flags.table !== undefined && format !== 'csv') {
        throw new LeakscopeError('E_USAGE', '--table is for --format csv');
      }
      const table = flags.table ?? 'types';
      const heap = await loadHeap(target, flags, context, output);
      output.progress.stage(`writing ${file}`);
      const { pieces, problems } = await exportContent(heap, format, {
        table,
        top: flags.top ?? (format === 'html' ? 100 : 1000),
      });
      const fileBytes = await writeExportFile(file, pieces, { signal: context.signal });
      const { graph } = heap;
      const report: ExportReport = {
        schema: EXPORT_SCHEMA,
        snapshot: heap.facts,
        format,
        ...(format === 'csv' ? { table } : {}),
        file,
        file_bytes: fileBytes,
        heap: {
          objects: graph.nodeCount,
          references: graph.edgeCount,
          bytes: graph.shallowWords.reduce((sum, words) => sum + words, 0) * WORD_BYTES,
        },
        open_with: OPEN_WITH[format],
        problems: [...heap.problems, ...problems].map((problem) => ({
          ...problem,
          examples: [...problem.examples],
        })),
      };
      output.answer(report, renderExport);
    });
}

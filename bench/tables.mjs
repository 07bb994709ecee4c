// Measurements as Markdown: one table of tools and one of budgets for each heap.

const GIGABYTE = 1e9;

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;
const seconds = (value) => (value < 1 ? `${(value * 1000).toFixed(0)} ms` : `${value.toFixed(1)} s`);

export function describeTarget({ facts, tools: { leakscope } }) {
  const seen = leakscope.error
    ? ''
    : `; leakscope sees ${leakscope.objects.toLocaleString('en')} objects and ${leakscope.references.toLocaleString('en')} references`;
  return `### ${facts.objects.toLocaleString('en')} objects, RSS ${megabytes(facts.rss_bytes)}${seen}`;
}

/** Peak memory is the tool's own process; for what runs inside the target, by how much it raised the target's. */
export function toolTable(tools) {
  const rows = [
    '| tool | target stands still | to printed holders | × leakscope | peak memory | bytes per object | runs |',
    '|---|---:|---:|---:|---:|---:|---:|',
  ];
  const { leakscope } = tools;
  for (const [name, got] of Object.entries(tools)) {
    if (got.error) {
      rows.push(`| ${name} | ${got.error.replaceAll('|', '/')} | | | | | |`);
      continue;
    }
    const ratio = leakscope.error ? '-' : `${(got.seconds / leakscope.seconds).toFixed(1)}`;
    const perObject = leakscope.error ? '-' : (got.peak_bytes / leakscope.objects).toFixed(0);
    rows.push(
      `| ${name} | ${seconds(got.paused_s)} | ${seconds(got.seconds)} | ${ratio} | ${megabytes(got.peak_bytes)} | ${perObject} | ${got.runs} |`,
    );
  }
  return rows.join('\n');
}

/** The budgets of docs/performance.md that one heap can answer. `startUpBytes`: what leakscope takes without any heap. */
export function budgets({ facts, tools, find }, startUpBytes) {
  const { leakscope, guppy3, PyHeap } = tools;
  if (leakscope.error) return `leakscope: ${leakscope.error}`;
  const rows = ['| budget | measured | allowed | |', '|---|---:|---:|---|'];
  const row = (what, measured, allowed, holds) =>
    rows.push(`| ${what} | ${measured} | ${allowed} | ${holds ? 'met' : 'missed'} |`);

  const pause = leakscope.paused_s / (facts.anonymous_bytes / GIGABYTE);
  row('pause per GB copied', seconds(pause), '350 ms', pause <= 0.35);
  const allowed = 15 * Math.max(1, facts.objects / 10e6);
  row('snapshot to printed holders', seconds(leakscope.seconds), seconds(allowed), leakscope.seconds <= allowed);
  for (const [name, peer, least] of [
    ['guppy3', guppy3, 5],
    ['PyHeap', PyHeap, 20],
  ]) {
    if (peer === undefined || peer.error) continue;
    const ratio = peer.seconds / leakscope.seconds;
    row(`faster than ${name}`, `${ratio.toFixed(1)} ×`, `${least} ×`, ratio >= least);
  }
  const analysis = leakscope.report_peak_bytes - startUpBytes;
  const mayTake = 48 * leakscope.objects + 8 * leakscope.references;
  row('memory of analysis (report)', megabytes(analysis), megabytes(mayTake), analysis <= mayTake);
  const share = leakscope.file_bytes / facts.rss_bytes;
  row('snapshot file', `${(share * 100).toFixed(1)} % of RSS`, '15 %', share <= 0.15);

  const findLine = find.error
    ? `find: ${find.error}`
    : `find on the same target, growing: ${find.verdict}, ${seconds(find.seconds)} beyond the time it was told to look, ` +
      `pauses ${find.pauses_ms.map((ms) => ms.toFixed(0)).join(', ')} ms, peak ${megabytes(find.peak_bytes)}`;
  return `${rows.join('\n')}\n\n${findLine}`;
}

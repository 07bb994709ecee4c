#!/usr/bin/env node
// Counts what `leakscope scan` reports on well-kept code, where nearly everything it says should be worth saying.
//
//   node bench/scan/noise.mjs [NAME-VERSION=]FOLDER… [--confidence high|medium|low] [--judged FILE] [--write]
//                             [--leakscope COMMAND] [--json FILE]
//
// A folder called NAME-VERSION (django-6.1.3) needs no name. --write adds what nobody has judged yet to the table of
// judgements, which says of each finding whether it is true and why; without it such findings are printed only.

import { writeFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { leakscopeCommand, scan } from './scan-command.mjs';
import { readTsv, writeTsv } from './tsv.mjs';

const CONFIDENCES = ['high', 'medium', 'low'];
const COLUMNS = ['corpus', 'version', 'path', 'line', 'rule', 'confidence', 'verdict', 'reason'];
const LINES_PER_UNIT = 100_000;

const { values: options, positionals: folders } = parseArgs({
  allowPositionals: true,
  options: {
    confidence: { type: 'string', default: 'high' },
    judged: { type: 'string', default: fileURLToPath(new URL('judged.tsv', import.meta.url)) },
    write: { type: 'boolean', default: false },
    leakscope: { type: 'string' },
    json: { type: 'string' },
  },
});

async function main() {
  if (folders.length === 0) throw new Error('give the folders to scan');
  if (!CONFIDENCES.includes(options.confidence)) throw new Error(`no confidence: ${options.confidence}`);
  const listed = CONFIDENCES.slice(0, CONFIDENCES.indexOf(options.confidence) + 1);
  const judged = readTsv(options.judged);
  const corpora = [];
  for (const argument of folders) corpora.push(await scanCorpus(argument));
  const scanned = corpora.filter(({ error }) => error === undefined);
  const rows = withJudgements(
    scanned.flatMap(({ rows }) => rows.filter(({ confidence }) => listed.includes(confidence))),
    judged,
  );
  print(corpora, rows);
  if (options.write) writeTsv(options.judged, COLUMNS, merged(judged, rows, scanned));
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify({ corpora, rows }, undefined, 1)}\n`);
}

async function scanCorpus(argument) {
  const [given, folder] = argument.includes('=') ? argument.split('=') : [basename(resolve(argument)), argument];
  const [, corpus, version = ''] = /^(.*?)(?:-(\d[^/]*))?$/.exec(given);
  const root = resolve(folder);
  const report = await scan(leakscopeCommand(options.leakscope), ['--confidence', 'low', '.'], { cwd: root });
  if (report.error) return { corpus, version, error: report.error };
  const rows = report.findings.map(({ path, line, code, confidence, message }) => {
    return { corpus, version, path: resolve(root, path).slice(root.length + 1), line, rule: code, confidence, message };
  });
  const { files, lines, problems } = report;
  return { corpus, version, files, lines, rows, problems };
}

/** A judgement is of one finding in one version: a new version moves lines and is judged anew. */
const keyOf = ({ corpus, version, path, line, rule }) => [corpus, version, path, line, rule].join('\t');

function withJudgements(rows, judged) {
  const byKey = new Map(judged.map((row) => [keyOf(row), row]));
  return rows.map((row) => {
    const { verdict = '', reason = '' } = byKey.get(keyOf(row)) ?? {};
    return { ...row, verdict, reason };
  });
}

/** Keeps the judgements of corpora and confidences that this run did not look at. */
function merged(judged, rows, scanned) {
  const looked = new Set(scanned.map(({ corpus, version }) => `${corpus} ${version}`));
  const keys = new Set(rows.map(keyOf));
  const kept = judged.filter(
    (row) => !keys.has(keyOf(row)) && (row.verdict !== '' || !looked.has(`${row.corpus} ${row.version}`)),
  );
  return [...kept, ...rows].toSorted((a, b) => compare(a, b));
}

function compare(a, b) {
  for (const name of ['corpus', 'version', 'path']) {
    if (a[name] !== b[name]) return a[name] < b[name] ? -1 : 1;
  }
  return Number(a.line) - Number(b.line);
}

function print(corpora, rows) {
  console.log(`| corpus | files | kLOC | ${CONFIDENCES.join(' | ')} | high per 100 kLOC | not read |`);
  console.log('|---|---:|---:|---:|---:|---:|---:|---:|');
  const scanned = corpora.filter(({ error }) => error === undefined);
  for (const it of scanned) console.log(corpusLine(`${it.corpus} ${it.version}`, it));
  if (scanned.length > 1) console.log(corpusLine('all', total(scanned)));
  for (const { corpus, error } of corpora) if (error !== undefined) console.log(`\n${corpus}: ${error}`);
  for (const { corpus, problems } of scanned) {
    for (const { path, line, message } of problems) console.log(`not read: ${corpus} ${path}:${line}: ${message}`);
  }
  const told = rows.filter(({ verdict }) => verdict !== '');
  const right = told.filter(({ verdict }) => verdict === 'true');
  console.log(
    `\n${rows.length} findings of ${options.confidence} confidence or above; judged ${told.length}, true ${right.length}.`,
  );
  for (const row of rows.filter(({ verdict }) => verdict === '')) {
    console.log(`- ${row.corpus} ${row.path}:${row.line} ${row.rule} ${row.confidence}: ${row.message}`);
  }
}

function corpusLine(name, { files, lines, rows, problems }) {
  const [high, ...others] = CONFIDENCES.map((confidence) => rows.filter((row) => row.confidence === confidence).length);
  const rate = lines > 0 ? ((high * LINES_PER_UNIT) / lines).toFixed(1) : '-';
  return `| ${[name.trim(), files, Math.round(lines / 1000), high, ...others, rate, problems.length].join(' | ')} |`;
}

function total(corpora) {
  const sum = (name) => corpora.reduce((whole, it) => whole + it[name], 0);
  return {
    files: sum('files'),
    lines: sum('lines'),
    rows: corpora.flatMap(({ rows }) => rows),
    problems: corpora.flatMap(({ problems }) => problems),
  };
}

await main();

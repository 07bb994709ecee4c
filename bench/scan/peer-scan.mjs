#!/usr/bin/env node
// Another linter in the clothes of `leakscope scan --json`, so that recall.mjs and noise.mjs can measure it alike.
//
//   node bench/scan/recall.mjs --repos CLONES --leakscope 'node bench/scan/peer-scan.mjs ruff'
//   node bench/scan/peer-scan.mjs ruff|pylint scan --json [--confidence low] PATH…
//
// The rules are those about leaks; the programs are found on PATH, or named by RUFF and PYLINT.

import { spawnSync } from 'node:child_process';

const RUFF = process.env.RUFF ?? 'ruff';
const PYLINT = process.env.PYLINT ?? 'pylint';
const RUFF_RULES = 'B006,B019,B039,SIM115,RUF006,RUF012,RUF075,ASYNC119';
const PYLINT_RULES = 'R1732,W1518,W0102';
const MEGABYTE = 2 ** 20;

const PEERS = {
  ruff(paths) {
    const rules = ['--isolated', '--no-cache', '--preview', '--exit-zero', '--select', RUFF_RULES];
    const found = json(RUFF, ['check', ...rules, '--output-format', 'json', ...paths]);
    return found.map(({ code, name, filename, location }) => {
      return { code: code ?? name ?? 'syntax', path: filename, line: location.row };
    });
  },
  pylint(paths) {
    const rules = ['--disable=all', `--enable=${PYLINT_RULES}`, '--recursive=y', '--persistent=n'];
    return json(PYLINT, [...rules, '--output-format=json', ...paths]).map((found) => {
      return { code: found['message-id'], path: found.path, line: found.line };
    });
  },
};

function json(program, args) {
  const { stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 256 * MEGABYTE });
  if (error !== undefined) throw error;
  try {
    return JSON.parse(stdout);
  } catch {
    throw new Error(`${program}: ${stderr.trim().split('\n').at(-1)}`);
  }
}

function main([peer, ...args]) {
  if (PEERS[peer] === undefined) throw new Error(`no such linter: ${peer}; there are ${Object.keys(PEERS).join(', ')}`);
  const paths = args.filter((arg, at) => !arg.startsWith('--') && arg !== 'scan' && args[at - 1] !== '--confidence');
  const findings = PEERS[peer](paths).map((found) => ({ ...found, confidence: 'high', message: found.code }));
  const report = { schema: 'leakscope.scan/1', files: 0, lines: 0, findings, problems: [] };
  process.stdout.write(`${JSON.stringify(report)}\n`);
  return findings.length > 0 ? 1 : 0;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}

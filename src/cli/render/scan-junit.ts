// A scan as JUnit XML, which most CI servers show: each finding is a failed case, a clean scan one that passed.

import type { ScanFinding, ScanReport } from '../../protocol/scan.ts';
import { sanitizeStrings } from './sanitize.ts';

export function renderJunit(untrusted: ScanReport): string {
  const findings = sanitizeStrings(
    untrusted.findings.map((each) => ({ ...each, source: each.source.trim().replaceAll('\t', ' ') })),
  );
  const cases = findings.length === 0 ? ['    <testcase classname="leakscope" name="scan"/>'] : findings.map(testCase);
  const counts = `tests="${cases.length}" failures="${findings.length}" errors="0"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="leakscope" ${counts}>`,
    `  <testsuite name="leakscope scan" ${counts}>`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function testCase({ path, line, column, rule, code, confidence, message, remedy, source }: ScanFinding): string {
  const details = [`${path}:${line}:${column}`, source, `instead: ${remedy}`].join('\n');
  return [
    `    <testcase classname="${escapeXml(path)}" name="${code} ${rule} at line ${line}" file="${escapeXml(path)}" line="${line}">`,
    `      <failure type="${confidence}" message="${escapeXml(message)}">${escapeXml(details)}</failure>`,
    '    </testcase>',
  ].join('\n');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** Control characters, which XML cannot hold, were written as escapes by sanitising. U+FFFE and U+FFFF are left. */
function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!).replace(/[\ufffe\uffff]/g, '\ufffd');
}

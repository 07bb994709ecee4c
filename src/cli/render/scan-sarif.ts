// A scan as SARIF 2.1.0, the form in which code hosts take the findings of analysers.

import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { VERSION } from '../../base/version.ts';
import type { ScanFinding, ScanReport } from '../../protocol/scan.ts';
import type { Confidence } from '../../scan/finding.ts';
import type { Rule } from '../../scan/rule.ts';
import { renderRulePage } from './rule-page.ts';
import { safeJson } from './sanitize.ts';

const SCHEMA = 'https://json.schemastore.org/sarif-2.1.0.json';

const LEVELS: Readonly<Record<Confidence, 'error' | 'warning' | 'note'>> = {
  high: 'error',
  medium: 'warning',
  low: 'note',
};

/** The version of the fingerprints: another number whenever they are made otherwise. */
const FINGERPRINT = 'leakscope/v1';

/** A SARIF log of the findings; paths below `root` are relative to it. */
export function renderSarif(report: ScanReport, rules: readonly Rule[], root: string): string {
  const used = rules.filter((rule) => report.findings.some((finding) => finding.rule === rule.name));
  const places = new Map(used.map((rule, i) => [rule.name, i]));
  return `${safeJson({
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: { name: 'leakscope', version: VERSION, semanticVersion: VERSION, rules: used.map(describeRule) },
        },
        columnKind: 'utf16CodeUnits',
        originalUriBaseIds: { ROOT: { uri: `${pathToFileURL(root).href.replace(/\/$/, '')}/` } },
        results: report.findings.map((finding) => describeFinding(finding, places.get(finding.rule)!, root)),
        invocations: [
          {
            executionSuccessful: true,
            toolExecutionNotifications: report.problems.map(({ path, line, message }) => ({
              level: 'warning',
              message: { text: message },
              locations: [
                {
                  physicalLocation: {
                    artifactLocation: artifactAt(path, root),
                    ...(line === null ? {} : { region: { startLine: Math.max(1, line) } }),
                  },
                },
              ],
            })),
          },
        ],
      },
    ],
  })}\n`;
}

function describeRule(rule: Rule) {
  return {
    id: rule.name,
    name: rule.code,
    shortDescription: { text: rule.doc.what },
    fullDescription: { text: rule.doc.why },
    help: { text: rule.doc.fix, markdown: renderRulePage(rule) },
    properties: { tags: ['leak', rule.cause] },
  };
}

function describeFinding(finding: ScanFinding, ruleIndex: number, root: string) {
  const { path, message, remedy, confidence, rule, fingerprint, evidence, fix } = finding;
  const artifactLocation = artifactAt(path, root);
  const region = {
    startLine: finding.line,
    startColumn: finding.column,
    endLine: finding.endLine,
    endColumn: finding.endColumn,
  };
  return {
    ruleId: rule,
    ruleIndex,
    level: LEVELS[confidence],
    message: { text: `${message}. Instead: ${remedy}.` },
    locations: [{ physicalLocation: { artifactLocation, region } }],
    partialFingerprints: { [FINGERPRINT]: fingerprint },
    ...(evidence.length === 0
      ? {}
      : {
          relatedLocations: evidence.map((each, id) => ({
            id,
            message: { text: each.text },
            physicalLocation: {
              artifactLocation: artifactAt(each.path, root),
              region: { startLine: each.line, startColumn: each.column },
            },
          })),
        }),
    ...(fix === null
      ? {}
      : {
          fixes: [
            {
              description: { text: fix.title },
              artifactChanges: [
                {
                  artifactLocation,
                  replacements: fix.edits.map(({ start, end, text }) => ({
                    deletedRegion: { charOffset: start, charLength: end - start },
                    insertedContent: { text },
                  })),
                },
              ],
            },
          ],
        }),
    properties: { confidence, ...(fix === null ? {} : { fixSafety: fix.safety }) },
  };
}

function artifactAt(path: string, root: string): { readonly uri: string; readonly uriBaseId?: string } {
  const file = pathToFileURL(resolve(root, path)).href;
  const base = `${pathToFileURL(root).href.replace(/\/$/, '')}/`;
  return file.startsWith(base) ? { uri: file.slice(base.length), uriBaseId: 'ROOT' } : { uri: file };
}

// A scan as SARIF 2.1.0, the form in which code hosts take the findings of analysers.

import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ArtifactLocation, Fix, Log, Notification, ReportingDescriptor, Result } from 'sarif';
import { VERSION } from '../../base/version.ts';
import type { ScanFinding, ScanFix, ScanProblem, ScanReport } from '../../protocol/scan.ts';
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
  const log: Log = {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: { name: 'leakscope', version: VERSION, semanticVersion: VERSION, rules: used.map(describeRule) },
        },
        columnKind: 'utf16CodeUnits',
        originalUriBaseIds: { ROOT: { uri: folderUri(root) } },
        results: report.findings.map((finding) => describeFinding(finding, places.get(finding.rule)!, root)),
        invocations: [
          {
            executionSuccessful: true,
            toolExecutionNotifications: report.problems.map((problem) => describeProblem(problem, root)),
          },
        ],
      },
    ],
  };
  return `${safeJson(log)}\n`;
}

function describeProblem({ path, line, message }: ScanProblem, root: string): Notification {
  const artifactLocation = artifactAt(path, root);
  const region = line === null ? {} : { region: { startLine: Math.max(1, line) } };
  return {
    level: 'warning',
    message: { text: message },
    locations: [{ physicalLocation: { artifactLocation, ...region } }],
  };
}

function describeRule(rule: Rule): ReportingDescriptor {
  return {
    id: rule.name,
    name: rule.code,
    shortDescription: { text: rule.doc.what },
    fullDescription: { text: rule.doc.why },
    help: { text: rule.doc.fix, markdown: renderRulePage(rule) },
    properties: { tags: ['leak', rule.cause] },
  };
}

function describeFinding(finding: ScanFinding, ruleIndex: number, root: string): Result {
  const { path, message, remedy, confidence, rule, fingerprint, evidence, fix } = finding;
  const region = {
    startLine: finding.line,
    startColumn: finding.column,
    endLine: finding.end_line,
    endColumn: finding.end_column,
  };
  return {
    ruleId: rule,
    ruleIndex,
    level: LEVELS[confidence],
    message: { text: `${message}. Instead: ${remedy}.` },
    locations: [{ physicalLocation: { artifactLocation: artifactAt(path, root), region } }],
    partialFingerprints: { [FINGERPRINT]: fingerprint },
    relatedLocations: evidence.map((each, id) => ({
      id,
      message: { text: each.text },
      physicalLocation: {
        artifactLocation: artifactAt(each.path, root),
        region: { startLine: each.line, startColumn: each.column },
      },
    })),
    fixes: fix === null ? [] : [describeFix(fix, artifactAt(path, root))],
    properties: { confidence, ...(fix === null ? {} : { fixSafety: fix.safety }) },
  };
}

function describeFix({ title, edits }: ScanFix, artifactLocation: ArtifactLocation): Fix {
  const replacements = edits.map(({ start, end, text }) => ({
    deletedRegion: { charOffset: start, charLength: end - start },
    insertedContent: { text },
  }));
  return { description: { text: title }, artifactChanges: [{ artifactLocation, replacements }] };
}

function artifactAt(path: string, root: string): ArtifactLocation {
  const uri = pathToFileURL(resolve(root, path)).href;
  const base = folderUri(root);
  return uri.startsWith(base) ? { uri: uri.slice(base.length), uriBaseId: 'ROOT' } : { uri };
}

function folderUri(folder: string): string {
  return `${pathToFileURL(folder).href.replace(/\/$/, '')}/`;
}

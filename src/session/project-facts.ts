// What a project's manifests say that rules and fixes depend on: which distributions are there, how old Python may be.
// Broken manifests say nothing; that is their own tools' to report.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse as parseToml } from 'smol-toml';
import { type ProjectFacts, UNKNOWN_PROJECT } from '../scan/scanned-file.ts';

type Table = Readonly<Record<string, unknown>>;
type PythonVersion = ProjectFacts['minimumPython'];

/** A function from a project's folder to its facts, each folder read once. */
export function projectFacts(): (folder: string | undefined) => ProjectFacts {
  const known = new Map<string, ProjectFacts>();
  return (folder) => {
    if (folder === undefined) return UNKNOWN_PROJECT;
    let facts = known.get(folder);
    if (facts === undefined) {
      facts = readProjectFacts(folder);
      known.set(folder, facts);
    }
    return facts;
  };
}

export function readProjectFacts(folder: string): ProjectFacts {
  const pyproject = tomlOf(join(folder, 'pyproject.toml'));
  const setup = iniOf(join(folder, 'setup.cfg'));
  const options = setup.get('options');
  const requirements = [
    ...pyprojectRequirements(pyproject),
    ...linesOf(options?.get('install_requires') ?? ''),
    ...[...(setup.get('options.extras_require')?.values() ?? [])].flatMap(linesOf),
    ...requirementFiles(folder).flatMap((path) => linesOf(textOf(path))),
  ];
  const names = requirements.flatMap((requirement) => distributionName(requirement) ?? []);
  return {
    dependencies: [...new Set(names)].sort(),
    minimumPython:
      minimumOf(pyprojectPython(pyproject)) ??
      minimumOf(options?.get('python_requires')) ??
      UNKNOWN_PROJECT.minimumPython,
  };
}

/** `Requests[socks]>=2 ; python_version < "3"` is `requests`; options, addresses and comments are none. */
function distributionName(requirement: string): string | undefined {
  const name = /^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:[[(<>=!~;,@#\s]|$)/.exec(requirement)?.[1];
  return name?.toLowerCase().replaceAll(/[-_.]+/g, '-');
}

/** The oldest version a specifier allows: `>=3.9,<4`, `^3.10`, `~=3.8`, `==3.11.*`. */
function minimumOf(specifier: string | undefined): PythonVersion | undefined {
  let minimum: PythonVersion | undefined;
  for (const [, major, minor] of (specifier ?? '').matchAll(/(?:>=|~=|==|\^|~|>)\s*(\d+)(?:\.(\d+))?/g)) {
    const version: PythonVersion = [Number(major), Number(minor ?? 0)];
    if (minimum === undefined || isOlder(minimum, version)) minimum = version;
  }
  return minimum;
}

function isOlder(a: PythonVersion, b: PythonVersion): boolean {
  return a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
}

function pyprojectRequirements(pyproject: Table): readonly string[] {
  const project = tableAt(pyproject, 'project');
  const poetry = tableAt(pyproject, 'tool', 'poetry');
  const poetryTables = [
    tableAt(poetry, 'dependencies'),
    ...Object.values(tableAt(poetry, 'group')).map((group) => tableAt(group, 'dependencies')),
  ];
  return [
    ...stringsOf(project.dependencies),
    ...Object.values(tableAt(project, 'optional-dependencies')).flatMap(stringsOf),
    ...Object.values(tableAt(pyproject, 'dependency-groups')).flatMap(stringsOf),
    ...poetryTables.flatMap((table) => Object.keys(table).filter((name) => name !== 'python')),
  ];
}

function pyprojectPython(pyproject: Table): string | undefined {
  const stated =
    tableAt(pyproject, 'project')['requires-python'] ?? tableAt(pyproject, 'tool', 'poetry', 'dependencies').python;
  return typeof stated === 'string' ? stated : undefined;
}

function requirementFiles(folder: string): readonly string[] {
  const below = (sub: string, pattern: RegExp) => {
    try {
      return readdirSync(join(folder, sub))
        .filter((name) => pattern.test(name))
        .sort()
        .map((name) => join(folder, sub, name));
    } catch {
      return [];
    }
  };
  return [...below('.', /^requirements.*\.(?:txt|in)$/), ...below('requirements', /\.(?:txt|in)$/)];
}

function tomlOf(path: string): Table {
  try {
    return parseToml(textOf(path)) as Table;
  } catch {
    return {};
  }
}

/** Sections of an INI file as setuptools reads them: indented lines go on with the value before. */
function iniOf(path: string): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let section = new Map<string, string>();
  let key = '';
  for (const line of textOf(path).split(/\r?\n/)) {
    const header = /^\[([^\]]+)\]/.exec(line)?.[1];
    if (header !== undefined) {
      section = new Map();
      sections.set(header.trim(), section);
      key = '';
    } else if (/^\s/.test(line)) {
      if (key !== '') section.set(key, `${section.get(key)}\n${line.trim()}`);
    } else if (!/^[#;]/.test(line)) {
      const [, name, value = ''] = /^([^=:]+)[=:](.*)$/.exec(line) ?? [];
      key = name?.trim() ?? '';
      if (key !== '') section.set(key, value.trim());
    }
  }
  return sections;
}

function tableAt(value: unknown, ...path: readonly string[]): Table {
  let current = value;
  for (const key of path) current = isTable(current) ? current[key] : undefined;
  return isTable(current) ? current : {};
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function stringsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function linesOf(text: string): readonly string[] {
  return text.split(/\r?\n/).filter((line) => line.trim() !== '');
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

// Python versions: from PY_VERSION_HEX, from the text that sys.version starts with, from file names.

/** A version as far as it is known. */
export interface PythonVersion {
  readonly major: number;
  readonly minor: number;
  readonly micro: number | undefined;
  /** `a1`, `b2`, `rc1`, or '' for a final release. */
  readonly level: string;
}

/** What `sys.version` begins with: the version, the build in parentheses, the compiler in brackets. */
const VERSION_TEXT = /([23])\.(\d{1,2})\.(\d{1,2})(?:(a|b|rc)(\d{1,2}))?\+? \([^)\0]{1,80}\)[ \n]{0,2}\[/;
/** The bare string of the source, a C constant between NULs. */
const VERSION_CONSTANT = /\0([23])\.(\d{1,2})\.(\d{1,2})(?:(a|b|rc)(\d{1,2}))?\+?\0/g;
const LEVEL_NIBBLES: Readonly<Record<string, number>> = { a: 0xa, b: 0xb, rc: 0xc };

/** PY_VERSION_HEX: two digits each of major, minor and micro, then level (a, b, c, f) and serial. */
export function versionFromHex(hex: number): PythonVersion {
  const level = (hex >>> 4) & 15;
  const name = level === 0xa ? 'a' : level === 0xb ? 'b' : level === 0xc ? 'rc' : '';
  return {
    major: hex >>> 24,
    minor: (hex >>> 16) & 255,
    micro: (hex >>> 8) & 255,
    level: name === '' ? '' : `${name}${hex & 15}`,
  };
}

/** `3.11.7`, `3.14.0rc1`, `3.9`. */
export function formatVersion(version: PythonVersion): string {
  const micro = version.micro === undefined ? '' : `.${version.micro}`;
  return `${version.major}.${version.minor}${micro}${version.level}`;
}

/** The version in a file name such as `libpython3.8.so.1.0`, `python3.9`, `python2.7`, `libpython3.6m.so.1.0`. */
export function versionFromPath(path: string): PythonVersion | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const match = /python([23])\.(\d{1,2})/.exec(name);
  if (match === null) return undefined;
  return { major: Number(match[1]), minor: Number(match[2]), micro: undefined, level: '' };
}

/**
 * PY_VERSION_HEX from the text in an interpreter's data, chunk by chunk: first what `Py_GetVersion()` composed, then
 * the constant it is composed from, which a library may also hold about itself and so must be unique or fit `minor`.
 */
export function findVersionText(chunks: Iterable<Uint8Array>, minor: number | undefined): number | undefined {
  const constants = new Set<number>();
  for (const chunk of chunks) {
    const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength).toString('latin1');
    const composed = VERSION_TEXT.exec(text);
    if (composed !== null) return hexFromMatch(composed);
    for (const match of text.matchAll(VERSION_CONSTANT)) {
      const hex = hexFromMatch(match);
      if (minor === undefined || ((hex >>> 16) & 255) === minor) constants.add(hex);
    }
  }
  const [only] = constants;
  return constants.size === 1 ? only : undefined;
}

function hexFromMatch(match: RegExpMatchArray | RegExpExecArray): number {
  const level = match[4] === undefined ? 0xf0 : ((LEVEL_NIBBLES[match[4]] ?? 0xf) << 4) | (Number(match[5]) & 15);
  return Number(match[1]) * 0x1000000 + (Number(match[2]) << 16) + (Number(match[3]) << 8) + level;
}

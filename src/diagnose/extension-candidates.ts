// Which extension module could hold or have lost references: the one that defines the type, whose data points at the
// objects, that the program calls, or that is merely loaded; the best evidence first. Evidence, never proof.

export interface ExtensionCandidate {
  /** Module name (`_leaky`, `lxml.etree`), or the library's file name without its suffix. */
  readonly module: string;
  readonly reason: CandidateReason;
}

export type CandidateReason = 'defines the type' | 'its data points at them' | 'called by the program' | 'loaded';

export interface CandidateEvidence {
  /** Module of the type of what is held. */
  readonly typeModule: string;
  /** File in whose static data the type lies, where it does. */
  readonly typeFile?: string | undefined;
  /** Files whose static data, or the memory it points to, refers to objects of the type; most references first. */
  readonly heldByFiles: readonly string[];
  /** Names of loaded modules of native code, those of the standard library left out. */
  readonly extensionModules: readonly string[];
  /** Packages that lines of the program call into, most likely first. */
  readonly calledPackages: readonly string[];
}

const CANDIDATES_LIMIT = 5;
/** The interpreter: `libpython3.12.so.1.0`, `python3.11`, `python`. */
const INTERPRETER_FILE = /^(?:lib)?python[\d.]*(?:t|d|td)?(?:\.so[\d.]*)?$/;

/** Whether a file is the interpreter's own, whose data points at a great many objects. */
export function isInterpreterFile(file: string): boolean {
  return INTERPRETER_FILE.test(file) || file === 'interpreter state';
}

/** At most five, each module once with its best reason. */
export function extensionCandidates(evidence: CandidateEvidence): ExtensionCandidate[] {
  const { typeModule, typeFile, heldByFiles, extensionModules, calledPackages } = evidence;
  const found = new Map<string, CandidateReason>();
  const add = (module: string, reason: CandidateReason): void => {
    if (!found.has(module)) found.set(module, reason);
  };
  if (typeFile !== undefined && !isInterpreterFile(typeFile)) {
    add(moduleOfFile(typeFile, extensionModules), 'defines the type');
  } else if (extensionModules.includes(typeModule)) add(typeModule, 'defines the type');
  for (const file of heldByFiles) {
    if (!isInterpreterFile(file)) add(moduleOfFile(file, extensionModules), 'its data points at them');
  }
  for (const name of calledPackages) {
    const called = extensionModules.filter((module) => rootOf(module) === name);
    if (!called.some((module) => found.has(module)))
      add(called.length === 1 ? called[0]! : name, 'called by the program');
  }
  const named = new Set([...found.keys()].map(rootOf));
  for (const module of extensionModules) {
    if (!named.has(rootOf(module))) add(rootOf(module), 'loaded');
  }
  return [...found].slice(0, CANDIDATES_LIMIT).map(([module, reason]) => ({ module, reason }));
}

/** `could be held by: _leaky (defines the type), ujson (loaded)`; undefined where there is none. */
export function candidatesInWords(candidates: readonly ExtensionCandidate[]): string | undefined {
  if (candidates.length === 0) return undefined;
  return `could be held by: ${candidates.map(({ module, reason }) => `${module} (${reason})`).join(', ')}`;
}

/** `_leaky.cpython-312-x86_64-linux-gnu.so` and `etree.abi3.so` are modules by the name before the first dot. */
export function moduleOfFile(file: string, extensionModules: readonly string[]): string {
  const stem = file.split('.', 1)[0]!;
  const matching = extensionModules.filter((module) => module === stem || module.endsWith(`.${stem}`));
  return matching.length === 1 ? matching[0]! : stem;
}

function rootOf(module: string): string {
  return module.split('.', 1)[0]!;
}

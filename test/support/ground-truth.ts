// A zoo target and what its own collector says about it: the truth that the heap walk is compared with.
// The format of the truth file is described in test/targets/zoo.py, which writes it.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Interpreter } from './interpreters.ts';

/** Bits of `GroundTruth.flags`. */
export const TruthFlag = {
  /** In `gc.get_objects()`: on a list of the collector, the permanent generation excepted. */
  listed: 1,
  /** `gc.is_tracked()`. */
  tracked: 2,
  /** Made by the measurement itself: not in the target. */
  measurement: 4,
} as const;

/** Nodes: `gc.get_objects()` and everything `gc.get_referents()` reaches from them; edges: distinct pairs of the latter. */
export interface GroundTruth {
  /** Ascending. */
  readonly addresses: Float64Array;
  /** `sys.getsizeof` in bytes (with the collector's header); 0 where it failed. */
  readonly sizes: Float64Array;
  /** Index into `types`. */
  readonly typeOf: Uint32Array;
  readonly flags: Uint8Array;
  /** `module.qualname`, with `builtins.` where it applies. */
  readonly types: readonly string[];
  readonly edges: {
    /** Node indices, ascending. */
    readonly sources: Uint32Array;
    /** Node indices, ascending within a source. */
    readonly targets: Uint32Array;
  };
}

export interface ZooOptions {
  /** Instances of each kind; 60 makes about 140,000 tracked objects. */
  readonly instances?: number;
  /** More for the target's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Zoo {
  readonly pid: number;
  /** Optional modules this interpreter was built without. */
  readonly lacking: readonly string[];
  /** Stops the target (SIGSTOP, until `stop`) and reads what its collector knew at that moment. */
  freeze(): Promise<GroundTruth>;
  /** Ends the target and removes its files; may be called twice. */
  stop(): Promise<void>;
}

const ZOO = fileURLToPath(new URL('../targets/zoo.py', import.meta.url));
/** Seconds on a busy machine; a target that is not ready by then never will be. */
const START_TIMEOUT_MS = 90_000;
const TRUTH_TIMEOUT_MS = 90_000;
const FORMAT_VERSION = 1;

/** Starts a zoo and waits until its objects stand; the caller stops it. */
export async function startZoo(python: Interpreter | string, options: ZooOptions = {}): Promise<Zoo> {
  const folder = mkdtempSync(join(tmpdir(), 'zoo-'));
  const truthFile = join(folder, 'truth');
  const child = spawn(typeof python === 'string' ? python : python.path, [ZOO, truthFile], {
    env: {
      ...process.env,
      ...options.env,
      PYTHONDONTWRITEBYTECODE: '1',
      ZOO_INSTANCES: String(options.instances ?? 60),
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const stop = async (): Promise<void> => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const said = await firstLine(child, () => errors);
    return {
      pid: child.pid!,
      lacking: said.split(' ').slice(3),
      async freeze() {
        if (!existsSync(truthFile)) {
          child.stdin.write('freeze\n');
          await untilExists(truthFile, child, () => errors);
        }
        return parseGroundTruth(readFileSync(truthFile));
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function firstLine(child: ChildProcess, errors: () => string): Promise<string> {
  const lines = createInterface({ input: child.stdout! });
  const signal = AbortSignal.timeout(START_TIMEOUT_MS);
  // An interpreter that cannot be started says so with `error`, which `once` turns into a rejection here.
  const spawned = once(child, 'spawn', { signal });
  await spawned;
  const [line] = (await Promise.race([
    once(lines, 'line', { signal }),
    once(child, 'exit', { signal }).then(([code]) => {
      throw new Error(`the zoo ended with ${code} before it was ready: ${errors()}`);
    }),
  ])) as [string];
  if (!line.startsWith('ready ')) throw new Error(`the zoo said ${JSON.stringify(line)}`);
  return line;
}

async function untilExists(path: string, child: ChildProcess, errors: () => string): Promise<void> {
  for (let waited = 0; !existsSync(path); waited += 50) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`the zoo ended with ${child.exitCode ?? child.signalCode} before it was measured: ${errors()}`);
    }
    if (waited > TRUTH_TIMEOUT_MS) throw new Error(`no truth after ${TRUTH_TIMEOUT_MS / 1000} s: ${errors()}`);
    await sleep(50);
  }
}

/** Reads a truth file; throws where it is not one. */
export function parseGroundTruth(file: Buffer): GroundTruth {
  if (file.toString('latin1', 0, 8) !== 'ZOOTRUTH') throw new Error('not a truth file');
  // Typed arrays need their own alignment, which a pooled Buffer does not promise.
  const bytes = new Uint8Array(file).buffer;
  const [version, nodes, edges, textBytes] = Array.from(new BigUint64Array(bytes, 8, 4), Number) as [
    number,
    number,
    number,
    number,
  ];
  if (version !== FORMAT_VERSION) throw new Error(`truth file of version ${version}, not ${FORMAT_VERSION}`);
  let at = 8 + 4 * 8;
  const section = (length: number): number => {
    const start = at;
    at += Math.ceil(length / 8) * 8;
    return start;
  };
  const addresses = Float64Array.from(new BigUint64Array(bytes, section(nodes * 8), nodes), Number);
  const sizes = Float64Array.from(new BigUint64Array(bytes, section(nodes * 8), nodes), Number);
  const typeOf = new Uint32Array(bytes, section(nodes * 4), nodes);
  const flags = new Uint8Array(bytes, section(nodes), nodes);
  const sources = new Uint32Array(bytes, section(edges * 4), edges);
  const targets = new Uint32Array(bytes, section(edges * 4), edges);
  const text = new TextDecoder().decode(new Uint8Array(bytes, section(textBytes), textBytes));
  if (at !== bytes.byteLength) throw new Error(`truth file of ${bytes.byteLength} bytes, not ${at}`);
  return { addresses, sizes, typeOf, flags, types: text.split('\n').slice(0, -1), edges: { sources, targets } };
}

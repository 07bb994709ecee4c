// The memory of a target as the search for its interpreter needs it: a live process, or a core file (core-file.ts).

import type { Address } from '../graph/heap-graph.ts';
import { hostMachine } from './elf.ts';
import { type MappedElfSource, openMappedFile } from './mapped-elf.ts';
import type { MappedFile, MappedRegion } from './memory-maps.ts';
import type { ProcessMemory } from './process-memory.ts';

export interface AddressSpace {
  /** What messages call it: `process 4242`, `app.core`. */
  readonly name: string;
  readonly regions: readonly MappedRegion[];
  /** `e_machine` of the programs in it. */
  readonly machine: number;
  /** Fills `into` from `address` on, with zeros where nothing can be read. Returns the bytes that could. */
  read(address: Address, into: Uint8Array): number;
  /** The file behind a mapping as the target saw it, or its image in memory; undefined when neither can be had. */
  openFile(file: MappedFile): MappedElfSource | undefined;
}

/** A live process, with the mappings of some moment. */
export function processSpace(memory: ProcessMemory, regions: readonly MappedRegion[]): AddressSpace {
  return {
    name: `process ${memory.pid}`,
    regions,
    machine: hostMachine(),
    read: (address, into) => memory.read(address, into),
    openFile: (file) => openMappedFile(memory.pid, file, memory),
  };
}

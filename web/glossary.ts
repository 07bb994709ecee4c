// What the words of the page mean, one sentence each: shown where a term is pointed at or focused.

export const GLOSSARY = {
  RSS: 'Resident set size: the memory of the process that is in RAM now, as the kernel counts it.',
  'own size': 'Memory of the object itself and the buffers it owns, as the allocator gave it out.',
  retained: 'Memory that would be freed if this object went: itself and everything only it keeps alive.',
  'retained objects': 'How many objects would be freed with it, itself included.',
  entries: 'Elements of a list, keys of a dict, and so on, for objects that contain others.',
  'held by': 'The shortest path of names from a module, thread or frame to the object: who keeps it alive.',
  dominator: 'The nearest object that every path to this one goes through: if it goes, this one goes.',
  referrer: 'An object that refers directly to this one.',
  referent: 'An object that this one refers to directly.',
  garbage: 'Objects that no root reaches: they wait for the garbage collector, or it cannot free them.',
  cycle: 'Objects that refer to each other in a ring: only the cyclic garbage collector can free them.',
  growth: 'What came since the snapshot compared with, less what went.',
  verdict: 'leak: grows without a bound in sight. suspect: a bound or an end is possible. healthy: does not grow.',
  confidence: 'How sure this is: high where the growth is steady and the holder and its source agree.',
  site: 'A source line that adds to the holder.',
  pause: 'How long the process stands still while its memory is copied.',
  snapshot: 'All objects and references at one moment, with names and sizes, without values.',
  arena: 'A piece of memory that Python asks the system for and cuts into pools of small blocks.',
  fragmentation: 'Free memory that cannot be given back, because live objects lie between.',
  generation: 'The collector looks at young objects often and at old ones rarely.',
  descriptors: 'Open files, sockets and pipes of the process.',
  'native memory': 'Memory that no Python object owns: allocated by extension modules or the C library.',
} as const;

export type GlossaryTerm = keyof typeof GLOSSARY;

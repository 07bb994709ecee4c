// Programmer errors: a broken invariant of our own code stops the program with its message.

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${message}`);
}

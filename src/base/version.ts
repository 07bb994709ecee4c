// The version of this package, as in package.json (test/docs.test.ts holds the two together).

export const VERSION = '0.1.0';

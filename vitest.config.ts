import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'web/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // The second that is the default is no more than a pause of the machine.
    expect: { poll: { timeout: 60_000 } },
    // Targets are real processes on shared two-core machines: more workers only make each of them slower.
    maxWorkers: 2,
    maxConcurrency: 3,
  },
});

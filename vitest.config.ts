import { defineConfig } from 'vitest/config';

// Unit tests stand beside the code and need nothing but Node. End-to-end tests start real servers.
export default defineConfig({
  resolve: { conditions: ['gatehouse-source'] },
  ssr: { resolve: { conditions: ['gatehouse-source'], externalConditions: ['gatehouse-source'] } },
  test: {
    maxWorkers: 2,
    globalSetup: ['./tools/test-folder.ts'],
    setupFiles: ['./tools/repeat-finding.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'adapters/*/src/**/*.test.ts', 'tools/**/*.test.ts'],
          // Property tests take seconds, and many times that on a machine that does something else as well.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 180_000,
          // Each file starts servers of its own; side by side they would only slow each other down.
          fileParallelism: false,
        },
      },
    ],
  },
});

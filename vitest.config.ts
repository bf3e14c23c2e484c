import { defineConfig } from 'vitest/config';
import { LongestFirst } from './tools/longest-first.ts';

// Unit tests stand beside the code and need nothing but Node. End-to-end tests start real servers, each file its own.
export default defineConfig({
  resolve: { conditions: ['gatehouse-source'] },
  ssr: { resolve: { conditions: ['gatehouse-source'], externalConditions: ['gatehouse-source'] } },
  test: {
    // Two processors are kept busy by three files, which wait for servers of their own most of the time.
    maxWorkers: 3,
    // A process takes one file after the other: none leaves anything behind that another one could meet, and a start
    // of a process with all that is imported costs more than most files do.
    isolate: false,
    sequence: { sequencer: LongestFirst },
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
          hookTimeout: 180_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          // Generous, as other files run beside it: the slowest takes some ten seconds alone.
          testTimeout: 180_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});

import { defineConfig } from "vitest/config";

/** How long something may take before it counts as hung. No test measures with it: a slow machine is no failure. */
const hungAfterMs = 180_000;

/** What measures the memory or the processor time of its process, or fills one with threads, needs one that nobody used. */
const measuring = [
  "src/executors/db/sql-faults.test.ts",
  "src/executors/http/bodies.test.ts",
  "src/executors/mq/*.test.ts",
  "src/executors/script/*.test.ts",
  "src/http/http2/misbehaving-server.test.ts",
  "src/import/hostile.test.ts",
  "src/run/*.test.ts",
  "src/slave/*.test.ts",
];

export default defineConfig({
  test: {
    globalSetup: "test/support/services/global-setup.ts",
    maxWorkers: 3,
    teardownTimeout: 60_000,
    projects: [
      // First, so that nothing long runs alone at the end.
      { extends: true, test: { name: "a process each", include: ["test/**/*.test.ts", ...measuring] } },
      // Most files take less time than the start of a process and the loading of what they test.
      {
        extends: true,
        test: { name: "shared processes", include: ["src/**/*.test.ts"], exclude: measuring, isolate: false },
      },
    ],
    setupFiles: ["test/support/fix-seeds.ts"],
    environment: "node",
    pool: "forks",
    // Threads and commands that are started load what is compiled already: a thread from sources in a tenth of the time.
    env: { NODE_COMPILE_CACHE: new URL("node_modules/.cache/compiled", import.meta.url).pathname },
    testTimeout: hungAfterMs,
    hookTimeout: hungAfterMs,
    expect: { poll: { timeout: hungAfterMs / 2, interval: 20 } },
    restoreMocks: false,
  },
});

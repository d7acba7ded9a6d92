import { defineConfig } from "vitest/config";

/** How long something may take before it counts as hung. No test measures with it: a slow machine is no failure. */
const hungAfterMs = 180_000;

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    globalSetup: "test/support/services/global-setup.ts",
    setupFiles: ["test/support/fix-seeds.ts"],
    environment: "node",
    pool: "forks",
    maxWorkers: 3,
    testTimeout: hungAfterMs,
    hookTimeout: hungAfterMs,
    expect: { poll: { timeout: hungAfterMs / 2, interval: 20 } },
    teardownTimeout: 5_000,
    restoreMocks: false,
  },
});

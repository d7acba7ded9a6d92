import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import type { Report } from "../../src/protocol/report.ts";
import { runCommand } from "../support/command.ts";
import { startHttpTarget } from "../support/http-steps.ts";
import { writeWorkflow } from "../support/workflows.ts";

/** `npm run test:long` looks at many more. `SEED=… npx vitest run test/e2e/random-load.test.ts` repeats one. */
const runs = process.env["LONG_TESTS"] === "1" ? 40 : 4;
const seed = process.env["SEED"] === undefined ? undefined : Number(process.env["SEED"]);

interface Drawn {
  readonly options: Record<string, unknown>;
  readonly threads: number;
  /** How long the target takes to answer, ms. */
  readonly delayMs: number;
  /** What is sure about the number of iterations that are finished, dropped or interrupted. */
  readonly planned: number | null;
}

const duration = fc.integer({ min: 200, max: 1_200 });
const vus = fc.integer({ min: 1, max: 30 });
const iterations = fc.integer({ min: 1, max: 60 });
const rate = fc.integer({ min: 1, max: 400 });

const load = fc.oneof(
  fc.record({ vus, ms: duration, ramp: fc.integer({ min: 0, max: 300 }) }).map((draw) => ({
    options: { mode: "constant-vus", vus: draw.vus, duration: `${draw.ms}ms`, ramp_up: `${draw.ramp}ms` },
    planned: null,
  })),
  fc
    .record({
      from: vus,
      stages: fc.array(fc.tuple(duration, fc.integer({ min: 0, max: 20 })), { minLength: 1, maxLength: 3 }),
    })
    .map(({ from, stages }) => ({
      options: {
        mode: "ramping-vus",
        start_vus: from,
        stages: stages.map(([ms, target]) => ({ duration: `${ms}ms`, target })),
      },
      planned: null,
    })),
  fc.record({ vus, iterations }).map((draw) => ({
    options: { mode: "per-vu-iterations", ...draw },
    planned: draw.vus * draw.iterations,
  })),
  fc
    .record({ vus, iterations })
    .map((draw) => ({ options: { mode: "shared-iterations", ...draw }, planned: draw.iterations })),
  fc.record({ rate, ms: duration, most: vus }).map((draw) => ({
    options: {
      mode: "constant-arrival-rate",
      rate: draw.rate,
      duration: `${draw.ms}ms`,
      pre_allocated_vus: 1,
      max_vus: draw.most,
    },
    planned: Math.ceil((draw.rate * draw.ms) / 1_000),
  })),
);

const drawn: fc.Arbitrary<Drawn> = fc
  .record({
    load,
    threads: fc.integer({ min: 1, max: 2 }),
    delayMs: fc.constantFrom(0, 0, 5, 40),
    warmUp: fc.constantFrom(0, 0, 100),
    gracefulStop: fc.constantFrom(0, 20, 5_000),
  })
  .map(({ load: { options, planned }, threads, delayMs, warmUp, gracefulStop }) => ({
    options: { ...options, warm_up: `${warmUp}ms`, graceful_stop: `${gracefulStop}ms` },
    threads,
    delayMs,
    planned: warmUp === 0 ? planned : null,
  }));

test("whatever the load, the target's own count is the report's and nothing planned is missing", {
  timeout: 600_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(drawn, async ({ options, threads, delayMs, planned }) => {
      const target = await startHttpTarget((_, response) => {
        setTimeout(() => response.end("ok"), delayMs);
      });
      onTestFinished(() => target.close());
      const file = writeWorkflow(target.url, options);
      const { stdout, stderr } = await runCommand(["run", file, "--json", "-q", "--threads", String(threads)]);
      expect(stderr).toBe("");
      const report = JSON.parse(stdout) as Report;
      const count = (metric: string) => report.metrics[metric]?.values["count"] ?? 0;
      // What was interrupted may still be on its way into this process.
      await expect.poll(() => target.seen.length).toBe(count("http_reqs") + report.warm_up.http_reqs);
      expect(report.errors).toEqual([]);
      if (planned !== null) {
        expect(count("iterations") + count("dropped_iterations") + count("interrupted_iterations")).toBe(planned);
      }
      // One that was interrupted may have been so before it sent anything.
      expect(count("iterations") + report.warm_up.iterations).toBeLessThanOrEqual(target.seen.length);
    }),
    { numRuns: runs, ...(seed === undefined ? {} : { seed }), endOnFailure: true },
  );
});

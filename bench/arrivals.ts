import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { product } from "./support/commands.ts";
import { measureCommand } from "./support/measure-command.ts";
import { startNginx } from "./support/nginx.ts";
import { readSteal, stealBetween } from "./support/steal.ts";

/** constant-arrival-rate 5,000/s for 10 s on one core. Goal: 50,000 starts, none dropped, p99 of iteration_lag at most 2 ms. */
export async function benchArrivals(runs: number): Promise<void> {
  const target = await startNginx("1");
  const folder = await mkdtemp(join(tmpdir(), "bench-arrivals-"));
  try {
    const workflow = join(folder, "arrivals.yaml");
    await writeFile(
      workflow,
      `options: {mode: constant-arrival-rate, rate: 5000, duration: 10s, pre_allocated_vus: 200, max_vus: 1000}
steps:
  - {id: get, type: http, config: {url: "${target.url}"}, assert: [{type: status, value: 200}]}
`,
    );
    for (let run = 1; run <= runs; run++) {
      const before = await readSteal();
      const cost = await measureCommand([...product(), "run", workflow, "--threads", "1", "--json", "-q"], "0");
      const steal = stealBetween(before, await readSteal());
      if (cost.exitCode !== 0) throw new Error(`exit ${cost.exitCode}: ${cost.stderr}`);
      const report = JSON.parse(cost.stdout) as { metrics: Record<string, { values: Record<string, number> }> };
      const values = (name: string) => report.metrics[name]?.values ?? {};
      console.log(
        `5,000/s for 10 s, run ${run}: ${values("iterations")["count"]} iterations, ` +
          `${values("dropped_iterations")["count"] ?? 0} dropped, iteration_lag p99 ${values("iteration_lag")["p(99)"]} ms, ` +
          `max ${values("iteration_lag")["max"]} ms, CPU ${(cost.userSeconds + cost.systemSeconds).toFixed(2)} s, ` +
          `steal ${(steal * 100).toFixed(1)} %`,
      );
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
    await target.close();
  }
}

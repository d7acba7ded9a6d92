import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { product } from "./support/commands.ts";
import { measureCommand } from "./support/measure-command.ts";
import { startNginx } from "./support/nginx.ts";

/** Peak resident memory with 10,000 VUs, each with an open connection and a think time of 1 s. Goal: under 300 MB. */
export async function benchMemory(seconds: number): Promise<void> {
  const target = await startNginx("1");
  const folder = await mkdtemp(join(tmpdir(), "bench-memory-"));
  try {
    const workflow = join(folder, "idle.yaml");
    await writeFile(
      workflow,
      `options: {vus: 10000, duration: ${seconds}s, think_time: 1s}
steps:
  - {id: get, type: http, config: {url: "${target.url}"}, assert: [{type: status, value: 200}]}
`,
    );
    for (const threads of ["auto", "1"]) {
      const cost = await measureCommand([...product(), "run", workflow, "--threads", threads, "--json", "-q"], "0,1");
      if (cost.exitCode !== 0) throw new Error(`exit ${cost.exitCode}: ${cost.stderr}`);
      const report = JSON.parse(cost.stdout) as { metrics: Record<string, { values: Record<string, number> }> };
      const requests = report.metrics["http_reqs"]?.values["count"];
      const failed = report.metrics["http_req_failed"]?.values["passes"];
      console.log(
        `10,000 VUs, think time 1 s, ${seconds} s, threads ${threads}: peak ${(cost.peakMemory / 1e6).toFixed(0)} MB resident, ` +
          `${requests} requests, ${failed} failed`,
      );
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
    await target.close();
  }
}

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { product } from "./support/commands.ts";
import { measureCommand } from "./support/measure-command.ts";
import { startNginx } from "./support/nginx.ts";

/** Wall time of a run of one iteration, and what the launcher adds over plain node. Goals: 400 ms, 50 ms. */
export async function benchStartup(rounds: number): Promise<void> {
  const target = await startNginx("1");
  const folder = await mkdtemp(join(tmpdir(), "bench-startup-"));
  try {
    const workflow = join(folder, "one.yaml");
    await writeFile(workflow, `steps:\n  - {id: get, type: http, config: {url: "${target.url}"}}\n`);
    const launcher = join(import.meta.dirname, "../workflow-engine");
    const commands: Record<string, readonly string[]> = {
      "plain node, one iteration": [...product(), "run", workflow, "-q"],
      "launcher, one iteration": [launcher, "run", workflow, "-q"],
      "plain node, version": [...product(), "version"],
      "launcher, version": [launcher, "version"],
    };
    const walls = new Map<string, number[]>();
    for (let round = 0; round < rounds; round++) {
      for (const [name, command] of Object.entries(commands)) {
        const started = performance.now();
        const cost = await measureCommand(command, "0");
        if (cost.exitCode !== 0) throw new Error(`${name}: exit ${cost.exitCode}: ${cost.stderr}`);
        walls.set(name, [...(walls.get(name) ?? []), performance.now() - started]);
      }
    }
    for (const [name, values] of walls) {
      const sorted = values.toSorted((a, b) => a - b);
      console.log(
        `${name.padEnd(28)} median ${sorted[Math.floor(sorted.length / 2)]?.toFixed(0)} ms wall of ${rounds} runs`,
      );
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
    await target.close();
  }
}

import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { product } from "./support/commands.ts";
import { median } from "./support/median.ts";
import { startNginx } from "./support/nginx.ts";

/** Resident memory, sampled each second of a run at full speed; the last minute's median against the second's. Goal: within 3 %. */
export async function benchSoak(minutes: number): Promise<void> {
  const target = await startNginx("1");
  const folder = await mkdtemp(join(tmpdir(), "bench-soak-"));
  try {
    const workflow = join(folder, "soak.yaml");
    await writeFile(
      workflow,
      `options: {vus: 50, duration: ${minutes}m}
steps:
  - {id: get, type: http, config: {url: "${target.url}"}, assert: [{type: status, value: 200}]}
`,
    );
    const [node = "", ...args] = product();
    const child = spawn("taskset", ["-c", "0", node, ...args, "run", workflow, "--threads", "1", "-q", "--json"], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    let ended = false;
    child.once("close", () => {
      ended = true;
    });
    const samples: number[] = [];
    const started = performance.now();
    while (!ended) {
      await sleep(1_000);
      const status = await readFile(`/proc/${child.pid}/status`, "utf8").catch(() => "");
      const kilobytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
      const second = Math.floor((performance.now() - started) / 1_000);
      if (kilobytes > 0) samples[second] = kilobytes / 1_000;
    }
    const minute = (from: number) => median(samples.slice(from * 60, from * 60 + 60).filter((value) => value > 0));
    const second = minute(1);
    const last = minute(minutes - 1);
    console.log(
      `${minutes} minutes at full speed: second minute ${second.toFixed(1)} MB, last minute ${last.toFixed(1)} MB, ` +
        `ratio ${(last / second).toFixed(3)}`,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
    await target.close();
  }
}

import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import type { Report } from "../../src/protocol/report.ts";
import type { Execution } from "../../src/protocol/rest.ts";
import { repository } from "../support/command.ts";

const script = join(repository, "examples", "cluster", "three-nodes.sh");

interface ScriptRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Processes that carry the mark of this run and are still there. */
  readonly left: readonly number[];
}

/** Runs the script in an environment that its processes can be known by; `during` sees its stderr grow. */
async function runScript(args: readonly string[], during?: (stderr: string, pid: number) => void): Promise<ScriptRun> {
  const mark = `THREE_NODES_TEST=${process.pid}-${performance.now()}`;
  const [name = "", value = ""] = mark.split("=");
  const child = spawn("sh", [script, ...args], {
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined, DEMO_URL: undefined, [name]: value },
  });
  onTestFinished(() => {
    for (const pid of [child.pid, ...listMarked(mark)]) if (pid !== undefined) killIfThere(pid);
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    during?.(stderr, child.pid ?? 0);
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, stdout, stderr, left: listMarked(mark) };
}

/** Processes with this text in their environment. */
function listMarked(mark: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(mark);
      } catch (error) {
        // Ended meanwhile, or somebody else's.
        if (["ENOENT", "ESRCH", "EACCES"].includes(String((error as NodeJS.ErrnoException).code))) return false;
        throw error;
      }
    });
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

test("the guide's three nodes run 200 of 400 VUs on each slave, and leave nothing running", {
  timeout: 300_000,
}, async () => {
  const { code, stdout, stderr, left } = await runScript(["--json"]);
  expect({ code, left, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, left: [], stderr: "" });
  const report = JSON.parse(stdout) as Report;
  expect(report).toMatchObject({ workflow_name: "分布式性能测试", status: "completed", passed: true, degraded: false });
  expect(report.slaves.map(({ id, vus }) => [id, vus])).toEqual([
    ["slave-1", 200],
    ["slave-2", 200],
  ]);
  expect(report.metrics["vus"]?.values["max"]).toBe(400);
  expect(report.metrics["http_reqs"]?.values["count"]).toBeGreaterThan(400);
  expect(stderr).toMatch(/slave-1: 200 VUs, \d+ iterations\nslave-2: 200 VUs, \d+ iterations\n/);
});

test("ended in the middle, it ends what it started", { timeout: 300_000 }, async () => {
  const watches: Promise<void>[] = [];
  const { code, left } = await runScript(["-d", "10m"], (stderr, pid) => {
    const [, master, id] = /^submitted to (http:.*): (.+)$/m.exec(stderr) ?? [];
    if (id === undefined || watches.length > 0) return;
    const active = waitForVus(`${master}/api/v1/executions/${id}`, 400);
    watches.push(active.then(() => void process.kill(pid, "SIGTERM")));
  });
  await Promise.all(watches);
  expect(watches).toHaveLength(1);
  expect({ code, left }).toEqual({ code: 143, left: [] });
});

/** Resolves when the execution has so many active VUs. */
async function waitForVus(url: string, wanted: number): Promise<void> {
  const deadline = performance.now() + 120_000;
  for (let active = 0; active < wanted; await setTimeout(100)) {
    if (performance.now() > deadline) throw new Error(`${url} had ${active} of ${wanted} VUs after 120 s`);
    const response = await fetch(url, { signal: AbortSignal.timeout(30_000) });
    active = ((await response.json()) as Execution).active_vus;
  }
}

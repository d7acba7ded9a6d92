import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Report } from "../../src/protocol/report.ts";
import { runCommand, startCommand } from "../support/command.ts";
import { startDemo } from "../support/demo.ts";
import { type Misbehaviour, startRawTarget } from "../support/raw-target.ts";
import { findSteadyPort } from "../support/steady-port.ts";
import { createFolder, writeTemporary, writeWorkflow } from "../support/workflows.ts";

const demo = ["--demo-target"];
const get = "${env.DEMO_URL}/get";

function readReport(text: string): Report {
  return JSON.parse(text) as Report;
}

describe("exit codes", () => {
  test("0: passed, with a summary on stdout", async () => {
    const { code, stdout } = await runCommand(["run", writeWorkflow(get), ...demo]);
    expect(stdout).toMatch(/http_req_duration/);
    expect(code).toBe(0);
  });

  test("1: nothing succeeded", async () => {
    const file = writeWorkflow("${env.DEMO_URL}/status/500");
    const { code, stdout } = await runCommand(["run", file, ...demo, "--json"]);
    expect(readReport(stdout)).toMatchObject({ status: "failed", passed: false, reason: "nothing_succeeded" });
    expect(code).toBe(1);
  });

  test("99: a threshold failed", async () => {
    const file = writeWorkflow(get, { thresholds: [{ metric: "http_reqs", condition: "count > 1000" }] });
    const { code, stdout } = await runCommand(["run", file, ...demo, "--json"]);
    expect(readReport(stdout).thresholds).toEqual([
      { metric: "http_reqs", condition: "count > 1000", passed: false, value: 1 },
    ]);
    expect(code).toBe(99);
  });

  test.each([
    [100, "setup", { setup_timeout: "100ms" }, "/delay/5"],
    [107, "setup", {}, "/status/500"],
    [101, "teardown", { teardown_timeout: "100ms" }, "/delay/5"],
  ])("%i: %s with %j at %s", async (expected, phase, options, path) => {
    const workflow = {
      options,
      [phase]: [{ id: "prepare", type: "http", config: { url: `\${env.DEMO_URL}${path}` } }],
      steps: [{ type: "http", config: { url: get } }],
    };
    const file = writeTemporary("workflow.json", JSON.stringify(workflow));
    const { code, stderr } = await runCommand(["run", file, ...demo]);
    expect(code).toBe(expected);
    expect(stderr).toMatch(new RegExp(`error: the ${phase} |error: ${phase} took longer than 100 ms; make it faster`));
  });
});

describe("Ctrl-C", () => {
  const endless = { vus: 2, duration: "1h", think_time: "20ms" };

  test.each(["SIGINT", "SIGTERM"] as const)("%s once: a graceful stop and a full summary, 105", async (signal) => {
    const target = await startDemo();
    const command = startCommand(["run", writeWorkflow(`${target.url}/get`, endless), "--json"]);
    await expect.poll(target.requests).toBeGreaterThan(2);
    command.child.kill(signal);
    const { code, stdout } = await command.finished;
    const report = readReport(stdout);
    expect(report).toMatchObject({ status: "aborted", reason: "stopped_by_signal" });
    expect(report.metrics["iterations"]?.values["count"]).toBeGreaterThan(0);
    expect(code).toBe(105);
  });

  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "%s to the whole group spares the demo target",
    async (signal) => {
      const watched = await startDemo();
      const urls = [`${watched.url}/get`, "${env.DEMO_URL}/delay/0.2"];
      const steps = urls.map((url) => ({ type: "http", config: { url } }));
      const file = writeTemporary("two.json", JSON.stringify({ options: { vus: 2, duration: "1h" }, steps }));
      const command = startCommand(["run", file, "--demo-target", "--json"], { ownGroup: true });
      await expect.poll(watched.requests).toBeGreaterThan(2);
      process.kill(-(command.child.pid ?? 0), signal);
      const { code, stdout } = await command.finished;
      expect(readReport(stdout)).toMatchObject({ reason: "stopped_by_signal", errors: [] });
      expect(code).toBe(105);
    },
  );

  test("while it waits for stdin: 105, and no output file is left behind", async () => {
    const path = join(createFolder(), "report.json");
    const command = startCommand(["run", "-", "--out-json", path], { stdin: null });
    await expect.poll(() => existsSync(path)).toBe(true);
    command.child.kill("SIGINT");
    const { code, stdout } = await command.finished;
    expect([code, stdout, existsSync(path)]).toEqual([105, "", false]);
  });

  test("twice: now, with the measurements made so far", async () => {
    const target = await startDemo();
    const command = startCommand(["run", writeWorkflow(`${target.url}/delay/30`, { vus: 1, duration: "1h" })]);
    await expect.poll(target.requests).toBe(1);
    command.child.kill("SIGINT");
    await command.seen(/press Ctrl-C again/);
    const again = performance.now();
    command.child.kill("SIGINT");
    const { code, stdout } = await command.finished;
    // The target would answer after 30 s.
    expect(performance.now() - again).toBeLessThan(25_000);
    expect(stdout).toMatch(/signal/i);
    expect(code).toBe(105);
  });
});

describe("bad targets: measured, told, never hanging", () => {
  test("a port where nothing listens", async () => {
    const port = await findSteadyPort();
    const { code, stdout } = await runCommand(["run", writeWorkflow(`http://127.0.0.1:${port}/`), "--json"]);
    const report = readReport(stdout);
    expect(report.errors).toEqual([expect.objectContaining({ code: "1212", count: 1, step_id: "get" })]);
    expect([code, report.reason]).toEqual([1, "nothing_succeeded"]);
  });

  test("a name that DNS does not know", async () => {
    const { code, stdout } = await runCommand(["run", writeWorkflow("http://nowhere.invalid/"), "--json"]);
    expect(readReport(stdout).errors).toEqual([expect.objectContaining({ code: "1101", count: 1 })]);
    expect(code).toBe(1);
  });

  test.each<[Misbehaviour, string]>([
    ["resets", "1220"],
    ["closes", "1000"],
    ["stalls", "1050"],
    ["sendsGarbage", "1000"],
    ["sendsEndlessHeader", "1000"],
    ["sendsEndlessBody", "1050"],
    ["closesMidBody", "1000"],
  ])("a server that %s", async (misbehaviour, errorCode) => {
    const target = await startRawTarget(misbehaviour);
    // Only what never ends needs a time to end at.
    const total = errorCode === "1050" ? "3s" : "30s";
    const file = writeWorkflow(target.url, { http: { timeout: { total } } });
    const { code, stdout } = await runCommand(["run", file, "--json"]);
    const report = readReport(stdout);
    expect(report.errors.map((error) => [error.code, error.count])).toEqual([[errorCode, 1]]);
    expect(report.metrics["http_reqs"]?.values["count"]).toBe(1);
    expect([code, report.reason]).toEqual([1, "nothing_succeeded"]);
    expect(report.duration_ms).toBeLessThan(30_000);
    expect(target.accepted()).toBe(1);
  });
});

describe("outputs", () => {
  test("--out-json and --report write files; --json prints the same report and nothing else", async () => {
    const folder = createFolder();
    const [json, text] = [join(folder, "report.json"), join(folder, "report.txt")];
    const args = ["run", writeWorkflow(get), ...demo, "--json", "--out-json", json, "--report", `text=${text}`];
    const { code, stdout, stderr } = await runCommand(args);
    expect(readReport(stdout)).toEqual(readReport(readFileSync(json, "utf8")));
    expect(readFileSync(text, "utf8")).toMatch(/http_req_duration/);
    expect([code, stderr]).toEqual([0, ""]);
  });

  test("--json when nothing ran: the error with its problems", async () => {
    const { code, stdout, stderr } = await runCommand([
      "run",
      writeWorkflow("http://localhost:1/", { vus: 0 }),
      "--json",
    ]);
    expect(JSON.parse(stdout)).toMatchObject({
      error: "invalid_workflow",
      message: expect.stringMatching(/a problem/),
      problems: [{ path: "options.vus" }],
    });
    expect([code, stderr]).toEqual([104, ""]);
  });

  test("a file that cannot be written is told before anything runs, and no file stays", async () => {
    const folder = createFolder();
    const good = join(folder, "good.json");
    const args = ["--out-json", good, "--report", `text=${join(folder, "no", "such", "folder")}`];
    const { code, stdout, stderr } = await runCommand(["run", writeWorkflow(get), ...demo, ...args]);
    expect(stderr).toMatch(/cannot write .*folder/);
    expect([code, stdout, existsSync(good)]).toEqual([1, "", false]);
  });

  test("a full disk: the summary is there, the failure is told, 1", async () => {
    const { code, stdout, stderr } = await runCommand(["run", writeWorkflow(get), ...demo, "--out-json", "/dev/full"]);
    expect(stdout).toMatch(/http_req_duration/);
    expect(stderr).toMatch(/cannot write \/dev\/full: .*no space left/);
    expect(code).toBe(1);
  });

  test("a full disk under stdout is told on stderr, 1", async () => {
    const full = openSync("/dev/full", "w");
    const { code, stderr } = await runCommand(["run", writeWorkflow(get), ...demo], { stdout: full });
    closeSync(full);
    expect(stderr).toMatch(/cannot write to stdout: no space left/);
    expect(code).toBe(1);
  });

  test("a closed pipe ends quietly", async () => {
    const command = startCommand(["run", writeWorkflow(get, { iterations: 5 }), ...demo]);
    command.child.stdout?.destroy();
    const { code, stderr } = await command.finished;
    expect([code, stderr]).toEqual([0, ""]);
  });

  test("secrets are shown nowhere", async () => {
    const file = writeWorkflow("http://127.0.0.1:1/?key=${secret.KEY}");
    const folder = createFolder();
    const out = join(folder, "report.json");
    const { stdout, stderr } = await runCommand([
      "run",
      file,
      "--secret",
      "KEY=hunter2",
      "--out-json",
      out,
      "--log-level",
      "debug",
    ]);
    expect(stdout + stderr + readFileSync(out, "utf8")).not.toContain("hunter2");
  });

  test("-q leaves stderr empty", async () => {
    const { stderr, code } = await runCommand(["run", writeWorkflow(get), ...demo, "-q"]);
    expect([code, stderr]).toEqual([0, ""]);
  });
});

test("the demo target ends with a command that is killed", async () => {
  const command = startCommand(["run", writeWorkflow(get, { vus: 1, duration: "1h" }), ...demo]);
  const children = await findChildren(command.child.pid ?? 0);
  command.child.kill("SIGKILL");
  await command.finished;
  await expect.poll(() => children.filter(isAlive)).toEqual([]);
});

/** Waits until a process has children. */
async function findChildren(pid: number): Promise<number[]> {
  const path = `/proc/${pid}/task/${pid}/children`;
  await expect.poll(() => readFileSync(path, "utf8").trim()).not.toBe("");
  return readFileSync(path, "utf8").trim().split(" ").map(Number);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("series beyond the bound are counted, and the report says of which metrics", async () => {
  const count = 2_000;
  const steps = Array.from({ length: count }, (_, i) => ({ id: `s${i}`, type: "http", config: { url: get } }));
  const file = writeTemporary("many.json", JSON.stringify({ steps }));
  const { code, stdout } = await runCommand(["run", file, ...demo, "--json"]);
  const report = readReport(stdout);
  expect(report.series_overflow["http_req_duration"]).toBeGreaterThan(0);
  expect(report.series_overflow["http_req_duration"]).toBeLessThan(count);
  expect(report.metrics["http_req_duration"]?.values["count"]).toBe(count);
  expect(report.metrics["http_reqs"]?.values["count"]).toBe(count);
  expect(code).toBe(0);
});

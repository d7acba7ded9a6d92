import { execFile } from "node:child_process";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { startCluster } from "../support/cluster.ts";
import { repository } from "../support/command.ts";
import { startDemo } from "../support/demo.ts";
import { createFolder } from "../support/workflows.ts";

const execute = promisify(execFile);

/** An empty project with the packed package in it, as `npm install` leaves it; what it depends on is this repository's. */
async function createProject(): Promise<string> {
  const project = createFolder();
  const packed = await execute("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", project], {
    cwd: repository,
  });
  const [{ filename }] = JSON.parse(packed.stdout) as [{ readonly filename: string }];
  const folder = join(project, "node_modules", "workflow-engine");
  mkdirSync(folder, { recursive: true });
  await execute("tar", ["-xzf", join(project, filename), "-C", folder, "--strip-components", "1"]);
  symlinkSync(join(repository, "node_modules"), join(folder, "node_modules"));
  mkdirSync(join(project, "node_modules", "@types"));
  symlinkSync(join(repository, "node_modules", "@types", "node"), join(project, "node_modules", "@types", "node"));
  writeFileSync(join(project, "package.json"), '{ "type": "module", "private": true }\n');
  copyFileSync(join(repository, "examples", "client", "checkout-gate.ts"), join(project, "checkout-gate.ts"));
  return project;
}

test("the example program is typed by the packed package and runs against a master", { timeout: 60_000 }, async () => {
  const project = await createProject();
  const flags = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2024", "--types", "node"];
  const tsc = join(repository, "node_modules", ".bin", "tsc");
  await execute(tsc, [...flags, "checkout-gate.ts"], { cwd: project });

  const cluster = await startCluster();
  await cluster.addSlave("a");
  const demo = await startDemo();
  const env = { ...process.env, MASTER: cluster.url, TARGET: demo.url, DURATION: "2s" };
  const run = (more: object = {}) =>
    execute(process.execPath, ["checkout-gate.ts"], { cwd: project, env: { ...env, ...more }, timeout: 30_000 });
  const { stdout, stderr } = await run();
  expect(stderr).toBe("");
  expect(stdout).toMatch(
    /^execution \S+\n[^]*running: \d+ requests, p95 [\d.]+ ms\n[^]*completed, passed: true\n\d+ seconds, \d+ requests\n$/,
  );
  expect(stdout).toContain(`, ${demo.requests()} requests\n`);
  const failed = run({ MASTER: "http://127.0.0.1:1" });
  await expect(failed).rejects.toMatchObject({
    code: 2,
    stderr: "unreachable: no master answers at http://127.0.0.1:1: the connection was refused\n",
  });
});

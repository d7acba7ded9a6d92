import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { startCluster } from "../support/cluster.ts";
import { repository } from "../support/command.ts";
import { startDemo } from "../support/demo.ts";
import { checkTypes, createProject } from "../support/package-project.ts";
import { copyPatient } from "../support/patient-example.ts";

const execute = promisify(execFile);

test("the example program is typed by the packed package and runs against a master", { timeout: 180_000 }, async () => {
  const project = await createProject("examples/client/checkout-gate.ts");
  copyPatient(join(repository, "examples/client/checkout-gate.ts"), join(project, "checkout-gate.ts"));
  await checkTypes(project, "checkout-gate.ts");

  const cluster = await startCluster();
  await cluster.addSlave("a");
  const demo = await startDemo();
  const env = { ...process.env, MASTER: cluster.url, TARGET: demo.url, DURATION: "5s" };
  const run = (more: object = {}) =>
    execute(process.execPath, ["checkout-gate.ts"], { cwd: project, env: { ...env, ...more } });
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

import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { Report } from "../../src/protocol/report.ts";
import { startCluster } from "../support/cluster.ts";
import { repository, runCommand, startCommand } from "../support/command.ts";
import { startDemo } from "../support/demo.ts";
import { checkTypes, createProject } from "../support/package-project.ts";
import { copyPatient } from "../support/patient-example.ts";
import { createFolder, writeTemporary } from "../support/workflows.ts";

const execute = promisify(execFile);
const example = join(repository, "examples", "code", "browse.ts");

test("in a project of its own with the packed package: typed, run by npx, and run by its test runner", {
  timeout: 180_000,
}, async () => {
  const project = await createProject("examples/code/browse.ts", "examples/code/browse.test.ts");
  copyPatient(example, join(project, "browse.ts"));
  await checkTypes(project, "browse.ts", "browse.test.ts");

  const wrong =
    'import { http } from "workflow-engine";\nexport default [http({ url: "/", methd: "GET" }), http({})];\n';
  writeFileSync(join(project, "wrong.ts"), wrong);
  const told = await checkTypes(project, "wrong.ts").catch((error: { readonly stdout: string }) => error.stdout);
  expect(told).toMatch(/wrong\.ts\(2,\d+\): error TS\d+: .*'methd' does not exist/);
  expect(told).toMatch(/wrong\.ts\(2,\d+\): error TS\d+: Argument of type '{}'/);

  const demo = await startDemo();
  const env = { ...process.env, DEMO_URL: demo.url };
  const flags = ["run", "browse.ts", "-i", "40", "--json"];
  const ran = await execute("npx", ["--offline", "workflow-engine", ...flags], { cwd: project, env });
  const report = JSON.parse(ran.stdout) as Report;
  expect(report).toMatchObject({ status: "completed", passed: true, workflow_name: "Browse and order", errors: [] });
  expect(report.metrics["http_reqs"]?.values["count"]).toBe(demo.requests());
  expect(report.metrics["iterations"]?.values["count"]).toBe(40);

  // Its load lasts a second: of a machine that stands still for that long it would see nothing.
  const shown = readFileSync(join(project, "browse.test.ts"), "utf8");
  writeFileSync(join(project, "browse.test.ts"), shown.replace('duration: "1s"', 'duration: "4s"'));
  const tested = await execute(process.execPath, ["--test", "--test-reporter=tap", "browse.test.ts"], {
    cwd: project,
    env,
  });
  expect(tested.stdout).toMatch(/^ok 1 - the shop holds five visitors$/m);
});

test.each(["code.md", "code.zh-CN.md"])("docs/%s shows the example as it is", (page) => {
  const text = readFileSync(join(repository, "docs", page), "utf8");
  for (const name of ["browse.ts", "browse.test.ts"]) {
    expect(text).toContain(`\n\`\`\`ts\n${readFileSync(join(repository, "examples", "code", name), "utf8")}\`\`\`\n`);
  }
});

test("outside of any package a file finds the one that runs it", async () => {
  const folder = createFolder();
  copyPatient(example, join(folder, "browse.ts"));
  const args = [
    "run",
    "browse.ts",
    "--demo-target",
    "--json",
    "-q",
    "-i",
    "3",
    "-u",
    "3",
    "--mode",
    "per-vu-iterations",
  ];
  const { code, stdout, stderr } = await runCommand(args, { cwd: folder });
  expect(stderr).toBe("");
  expect((JSON.parse(stdout) as Report).metrics["iterations"]?.values["count"]).toBe(9);
  expect(code).toBe(0);
});

test("submitted, the data that it exports is what the master runs", async () => {
  const cluster = await startCluster();
  await cluster.addSlave("a");
  const demo = await startDemo();
  const file = writeTemporary(
    "flow.ts",
    'import { http, workflow } from "workflow-engine";\n' +
      'const paths: string[] = ["/get", "/json"];\n' +
      "export default workflow({ options: { iterations: 5 }, steps: paths.map((path) => http(`${process.env.TARGET}${path}`)) });\n",
  );
  const args = ["submit", file, "--master", cluster.url, "--json"];
  const { code, stdout } = await runCommand(args, { env: { TARGET: demo.url } });
  expect([code, (JSON.parse(stdout) as Report).metrics["http_reqs"]?.values["count"]]).toEqual([0, 10]);
  expect(demo.requests()).toBe(10);
});

test("a module that loops for ever is ended by a signal", async () => {
  const command = startCommand(["run", writeTemporary("loop.mjs", 'console.error("in");\nwhile (true);\n')]);
  await command.seen(/in\n/);
  command.child.kill("SIGINT");
  expect((await command.finished).code).toBe(105);
});

test.each([
  ["ends the program", "process.exit(3);", "module.mjs cannot be loaded: it ended the program with code 3"],
  ["exports a function", "export default () => 1;", "module.mjs: a function is no JSON value"],
  ["holds a function", "export default { steps: [() => 1] };", "module.mjs: steps[0]: a function is no JSON value"],
  ["is no JavaScript", "export default {;", "module.mjs cannot be loaded: Unexpected token ';' (module.mjs:1)"],
  ["throws", "\nthrow new Error('boom');", "module.mjs cannot be loaded: boom (module.mjs:2:7)"],
  [
    "exports a promise that fails",
    "export default Promise.reject(new Error('no'));",
    "cannot be loaded: no (module.mjs:1",
  ],
  ["needs what is not there", 'import "nowhere";', "module.mjs cannot be loaded: Cannot find package 'nowhere'"],
  ["throws no error", "throw 7;", "module.mjs cannot be loaded: 7"],
  [
    "fails later",
    "setTimeout(() => { throw new Error('late'); }); await new Promise(() => {});",
    "module.mjs cannot be loaded: late",
  ],
])("a module that %s is a problem", async (_name, text, message) => {
  const { code, stdout, stderr } = await runCommand(["run", "module.mjs"], { cwd: writeFolder("module.mjs", text) });
  expect(stderr).toContain(message);
  expect([code, stdout]).toEqual([104, ""]);
});

test.each([
  [
    "flow.ts",
    "export default 1;\nenum Kind { A }\n",
    "TypeScript enum is not supported in strip-only mode (flow.ts:2)",
  ],
  ["flow.ts", "const x: number = ;\n", "flow.ts cannot be loaded: Expression expected (flow.ts:1)"],
  ["flow.tsx", "export default 1;\n", 'flow.tsx cannot be loaded: Unknown file extension ".tsx"'],
])("%s: what Node does not take is told with its place", async (name, text, message) => {
  const { code, stderr } = await runCommand(["validate", name], { cwd: writeFolder(name, text) });
  expect(stderr).toContain(message);
  expect(code).toBe(104);
});

test("CommonJS and a promise are workflows too; all that a module prints is on stderr", async () => {
  const workflow = "{ steps: [{ type: 'sleep', config: { duration: '1ms' } }] }";
  const prints = "for (let at = 0; at < 20_000; at++) console.log('line', at);\nprocess.stdout.write('raw\\n');\n";
  const folder = writeFolder("目 录.cjs", `${prints}module.exports = Promise.resolve(${workflow});\n`);
  const { code, stdout, stderr } = await runCommand(["run", "目 录.cjs", "-q", "--json"], { cwd: folder });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ passed: true });
  expect(stderr.trimEnd().split("\n")).toHaveLength(20_001);
});

test("a module that hangs is given up", async () => {
  const { importDocument } = await import("../../src/cli/module/import-document.ts");
  const file = writeTemporary("hang.mjs", "setInterval(() => {}, 1000);\nawait new Promise(() => {});\n");
  await expect(importDocument(file, 500)).rejects.toMatchObject({
    code: "invalid_workflow",
    message: `${file} cannot be loaded: it is not done after 0.5 s; look for a loop without end`,
  });
});

function writeFolder(name: string, text: string): string {
  const folder = createFolder();
  writeFileSync(join(folder, name), text);
  return folder;
}

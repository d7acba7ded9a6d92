import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runCommand } from "../support/command.ts";
import { createFolder, writeTemporary } from "../support/workflows.ts";

const quickstart = "examples/quickstart.yaml";

describe("bad usage: one clear message on stderr, 104, nothing on stdout", () => {
  test.each([
    ["no command", [], /Usage: workflow-engine/],
    ["an unknown command", ["rum"], /unknown command 'rum'[^]*Did you mean run\?/],
    ["no file", ["run"], /missing required argument 'file'/],
    ["an unknown option", ["run", quickstart, "--vuss", "3"], /unknown option '--vuss'[^]*Did you mean --vus\?/],
    [
      "no VUs",
      ["run", quickstart, "--vus", "0"],
      /'--?.*vus.*' argument '0' is invalid. It takes a whole number from 1/,
    ],
    ["a duration without a unit", ["run", quickstart, "-d", "30"], /Did you mean 30s\?/],
    ["a duration of nothing", ["run", quickstart, "-d", "0s"], /a duration above 0/],
    ["too many threads", ["run", quickstart, "--threads", "999"], /This machine has \d+ cores/],
    ["no iterations", ["run", quickstart, "-i", "0"], /a whole number from 1/],
    ["a bad stage", ["run", quickstart, "-s", "10:5"], /Did you mean 10s:5\?/],
    ["an unknown mode", ["run", quickstart, "--mode", "constant"], /Allowed choices are constant-vus/],
    ["a report that is nearly known", ["run", quickstart, "--report", "jsno=x"], /Did you mean `json`\?/],
    [
      "an output that is nearly known",
      ["run", quickstart, "-o", "influx=http://u:geheim@h/d"],
      /--out: `influx=…` is no TYPE=TARGET/,
    ],
    [
      "a file that two reports write",
      ["run", quickstart, "--report", "json=x", "--report", "text=./x"],
      /two outputs write \.\/x \(x is the same file\)/,
    ],
    ["an unknown report", ["run", quickstart, "--report", "pdf=x"], /one of the formats text, json/],
    ["a secret that is not set", ["run", quickstart, "--secret", "NOT_SET_ANYWHERE"], /NOT_SET_ANYWHERE is not set/],
    ["an unknown shell", ["completion", "tcsh"], /Allowed choices are bash, zsh, fish/],
    ["a file that is not there", ["run", "nowhere.yaml"], /cannot read nowhere.yaml: there is no such file/],
    ["a folder", ["run", "examples"], /cannot read examples: it is a folder/],
    ["a device that never ends", ["run", "/dev/zero"], /cannot read \/dev\/zero: it is larger than 128 MiB/],
    ["an env file that is not there", ["run", quickstart, "--env-file", "no.env"], /cannot read no.env/],
  ])("%s", async (_name, args, message) => {
    const { code, stdout, stderr } = await runCommand(args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect([code, stdout]).toEqual([104, ""]);
  });
});

describe("bad workflows: file:line:column, 104", () => {
  test.each([
    ["broken YAML", "name: a\nsteps: [\n", /workflow\.yaml:\d+:\d+: /],
    ["nothing at all", "", /workflow\.yaml/],
    [
      "an unknown key",
      "optoins: {vus: 1}\nsteps: [{type: http, config: {url: 'http://localhost:1/'}}]\n",
      /:1:1: .*options/,
    ],
    [
      "a wrong type",
      "options:\n  vus: many\nsteps: [{type: http, config: {url: 'http://localhost:1/'}}]\n",
      /:2:\d+: .*options\.vus.*many/,
    ],
    [
      "no VUs",
      "options:\n  vus: 0\nsteps: [{type: http, config: {url: 'http://localhost:1/'}}]\n",
      /:2:\d+: .*options\.vus/,
    ],
    [
      "a negative duration",
      "options:\n  duration: -1s\nsteps: [{type: http, config: {url: 'http://localhost:1/'}}]\n",
      /:2:\d+: .*-1s/,
    ],
    [
      "two steps of one id",
      "steps:\n  - {id: a, type: http, config: {url: 'http://localhost:1/'}}\n  - {id: a, type: http, config: {url: 'http://localhost:1/'}}\n",
      /:3:\d+: .*\ba\b/,
    ],
    [
      "a threshold on an unknown metric",
      "options:\n  thresholds:\n    - {metric: http_req_durations, condition: p(95) < 1s}\nsteps: [{type: http, config: {url: 'http://localhost:1/'}}]\n",
      /:3:\d+: .*http_req_duration/,
    ],
    ["an unknown step type", "steps: [{type: telnet, config: {url: x}}]\n", /there is no step type `telnet`/],
  ])("%s", async (_name, text, message) => {
    const file = writeTemporary("workflow.yaml", text);
    for (const command of ["run", "validate"]) {
      const { code, stdout, stderr } = await runCommand([command, file]);
      expect(stderr).toMatch(message);
      expect([code, stdout]).toEqual([104, ""]);
    }
  });

  test("a name of ours in the environment that nothing reads", async () => {
    const { code, stdout, stderr } = await runCommand(["run", quickstart], { env: { WE_FOO: "1" } });
    expect([code, stdout]).toEqual([104, ""]);
    expect(stderr).toContain("nothing reads WE_FOO in the environment");
  });

  test("all problems come at once", async () => {
    const file = writeTemporary("workflow.yaml", "nmae: a\noptions:\n  vus: -3\n  duration: x\nsteps: []\n");
    const { stderr } = await runCommand(["validate", file]);
    expect(stderr.match(/workflow\.yaml:\d+:\d+/g)?.length).toBeGreaterThanOrEqual(4);
  });

  test("validate --json gives problems with their places", async () => {
    const file = writeTemporary(
      "workflow.yaml",
      "options:\n  vus: 0\nsteps: [{type: http, config: {url: 'http://localhost:1/'}}]\n",
    );
    const { code, stdout, stderr } = await runCommand(["validate", file, "--json"]);
    const { valid, problems } = JSON.parse(stdout) as { valid: boolean; problems: readonly object[] };
    expect(problems).toEqual([expect.objectContaining({ path: "options.vus", line: 2 })]);
    expect([code, stderr, valid]).toEqual([104, "", false]);
  });
});

describe("what is fine", () => {
  test("version, --version and help", async () => {
    const version = await runCommand(["version"]);
    expect(version.stdout).toMatch(/^workflow-engine \d+\.\d+\.\d+ \(Node\.js v\d+/);
    for (const args of [["--version"], ["--help"], ["help", "run"], ["run", "--help"], ["validate", "--help"]]) {
      const { code, stderr } = await runCommand(args);
      expect([code, stderr]).toEqual([0, ""]);
    }
  });

  test.each(["bash", "zsh", "fish"])("completion %s knows commands, options and their values", async (shell) => {
    const { code, stdout } = await runCommand(["completion", shell]);
    expect(code).toBe(0);
    for (const word of ["validate", "demo-target", "shared-iterations"]) expect(stdout).toContain(word);
  });

  test("validate says what is in it", async () => {
    const { code, stdout } = await runCommand(["validate", quickstart, "-e", "DEMO_URL=http://localhost:1"]);
    expect([code, stdout]).toEqual([0, `${quickstart}: valid: Quickstart: default (1 step)\n`]);
  });

  test("a value that only the run's environment has is a warning", async () => {
    const { code, stdout, stderr } = await runCommand(["validate", quickstart]);
    expect([code, stdout]).toEqual([0, `${quickstart}: valid: Quickstart: default (1 step)\n`]);
    expect(stderr).toMatch(/:7:15: warning: options\.http\.base_url: env\.DEMO_URL has no value/);
  });

  test("a workflow from stdin, as JSON", async () => {
    const stdin = '{"steps": [{"type": "http", "config": {"url": "http://localhost:1/"}}]}';
    expect((await runCommand(["validate", "-"], { stdin })).code).toBe(0);
  });

  test("a workflow from a module", async () => {
    const file = writeTemporary(
      "flow.ts",
      'const url: string = "http://localhost:1/";\nexport default { steps: [{ type: "http", config: { url } }] };\n',
    );
    expect((await runCommand(["validate", file])).code).toBe(0);
  });

  test("what a module writes to the console goes to stderr", async () => {
    const file = writeTemporary(
      "loud.mjs",
      'console.log("hello");\nexport default { steps: [{ type: "http", config: { url: "http://localhost:1/" } }] };\n',
    );
    const { code, stdout, stderr } = await runCommand(["validate", file, "--json"]);
    expect([code, JSON.parse(stdout), stderr]).toEqual([0, { valid: true, problems: [] }, "hello\n"]);
  });

  test.each([
    ["never finishes loading", "await new Promise(() => {});", /never\.mjs cannot be loaded: it waits for something/],
    ["throws", 'throw new Error("boo");', /never\.mjs cannot be loaded: boo/],
    ["exports nothing", "export const a = 1;", /never\.mjs has no default export/],
  ])("a module that %s is a problem", async (_name, text, message) => {
    const { code, stdout, stderr } = await runCommand(["run", writeTemporary("never.mjs", text)]);
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([104, ""]);
  });

  test.each([["version"], ["--help"], ["completion", "bash"], ["validate", quickstart]])(
    "%s tells that stdout is full",
    async (...args) => {
      const full = openSync("/dev/full", "w");
      const { code, stderr } = await runCommand(args, { stdout: full });
      closeSync(full);
      expect(stderr).toMatch(/error: cannot write to stdout: no space left on device/);
      expect(code).toBe(1);
    },
  );

  test("an environment file and -e, which wins", async () => {
    const folder = createFolder();
    const file = writeTemporary(
      "env.yaml",
      "options: {vus: '${env.VUS}'}\nsteps: [{type: http, config: {url: 'http://localhost:1/'}}]\n",
    );
    const envFile = writeTemporary("test.env", "# VUs\nVUS=0\n");
    const base = ["validate", file, "--env-file", envFile];
    expect((await runCommand(base, { cwd: folder })).code).toBe(104);
    expect((await runCommand([...base, "-e", "VUS=3"], { cwd: join(folder) })).code).toBe(0);
  });
});

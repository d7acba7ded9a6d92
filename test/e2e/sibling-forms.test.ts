import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Report } from "../../src/protocol/report.ts";
import { runCommand, withoutProgress } from "../support/command.ts";
import { startDemo } from "../support/demo.ts";
import { createFolder } from "../support/workflows.ts";

/** Each form of workflows that others have written: none of the steps has an id. */
const workflow = `name: Forms of the guide's siblings
variables: { who: 达华 }
options:
  iterations: 4
  vus: 2
  http: { base_url: "\${env.DEMO_URL}" }
steps:
  - type: http
    config: { method: GET, url: /get, query: { page: 2, q: "\${who}" } }
    assert: [{ type: json, path: $.args.page, value: "2" }]
  - type: condition
    condition: { expression: "\${response.status_code} == 200", then: [{ type: script, config: { script: "ctx.SetVariable('seen', ctx.GetVariable('who') + '!'); return 1" } }], else: [{ type: http, config: { url: /status/500 } }] }
  - type: loop
    loop: { mode: for, count: 2, steps: [{ type: http, config: { method: POST, url: "/post?i=\${loop.index}", body: "{\\"name\\": \\"\${seen}\\", \\"i\\": \${loop.index}}\\n" } }] }
  - type: http_engine
    config: { url: /json }
    pre_hook: { type: script, script: "ctx.SetVariable('hooked', 1)" }
  - type: http
    config:
      method: POST
      url: /post
      body: |
        name=\${seen}
        hooked=\${hooked}
    assert: [{ type: json, path: $.data, value: "name=达华!\\nhooked=1\\n" }]
`;

test("the forms of the guide's siblings run as written", { timeout: 180_000 }, async () => {
  const demo = await startDemo();
  const { code, stdout, stderr } = await runCommand(["run", "-", "--json", "-e", `DEMO_URL=${demo.url}`], {
    stdin: workflow,
  });
  // The only note.
  expect(withoutProgress(stderr).trim().split("\n")).toEqual([
    expect.stringMatching(/steps\[3\]\.type: `http_engine` is read as `http`; write `type: http`$/),
  ]);
  expect(code).toBe(0);
  const report = JSON.parse(stdout) as Report;
  expect(report).toMatchObject({ passed: true, errors: [] });
  const counts = Object.fromEntries(Object.entries(report.step_metrics).map(([id, { count }]) => [id, count]));
  // Numbered by type in their order, those inside after what they stand in.
  expect(counts).toMatchObject({ http_1: 4, condition_1: 4, loop_1: 4 });
  expect(counts["http_2"] ?? 0).toBe(0);
  expect(demo.requests()).toBe(4 * 5);
  expect(report.metrics["checks"]?.values["rate"]).toBe(1);
});

test("an output of a workflow is written beside where the command runs", async () => {
  const cwd = createFolder();
  const text = "options: { outputs: [{ type: json, url: out.json }] }\nsteps: [{ type: sleep, sleep: 1ms }]\n";
  const { code, stdout } = await runCommand(["run", "-", "--json"], { stdin: text, cwd });
  const points = readFileSync(join(cwd, "out.json"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as object);
  expect(points).toContainEqual(expect.objectContaining({ metric: "iterations", values: { count: 1 } }));
  expect([code, (JSON.parse(stdout) as Report).outputs]).toEqual([
    0,
    [{ type: "json", target: "out.json", sent: points.length, dropped: 0, retries: 0, last_error: null }],
  ]);
});

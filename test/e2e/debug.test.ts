import { expect, test } from "vitest";
import type { Report } from "../../src/protocol/report.ts";
import { runCommand } from "../support/command.ts";
import { startDemo } from "../support/demo.ts";
import { writeTemporary } from "../support/workflows.ts";

const flow = `
options: {vus: 50, duration: 1h, think_time: 1h, thresholds: {http_reqs: ["count > 1000"]}}
setup:
  - {id: start, type: http, config: {method: POST, url: "\${base}/post", json: {a: 名}}, extract: [{name: token, path: $.json.a}]}
steps:
  - id: login
    type: http
    config: {url: "\${base}/get?x=\${secret.S}", auth: {basic: {username: me, password: "\${secret.S}"}}}
    extract: [{name: x, path: $.args.x}, {name: missing, path: $.nope, default: 5}]
    assert: [{type: status, value: 200}]
    checks: [{type: body, operator: contains, value: zzz}]
  - {id: never, type: http, condition: "1 > 2", config: {url: "\${base}/json"}}
  - {id: zip, type: http, config: {url: "\${base}/gzip", compression: true}}
  - {id: redir, type: http, config: {url: "\${base}/redirect/1"}}
  - {id: calc, type: script, script: "ctx.SetVariable('q', [1]); return (await http.get(vars.get('base') + '/json')).status"}
  - {id: many, type: loop, loop: {mode: for, count: 2, steps: [{id: inner, type: http, on_error: continue, http: "\${base}/status/503"}]}}
  - {id: meet, type: rendezvous, rendezvous: {count: 30}}
  - {id: dead, type: http, on_error: skip, config: {url: "http://127.0.0.1:1/"}}
`;

test("--debug runs one iteration and shows all of it, without secrets", async () => {
  const { url, requests } = await startDemo();
  const args = ["run", writeTemporary("flow.yaml", flow), "--debug", "--secret", "S=hidden-123", "-e", `base=${url}`];
  const { code, stdout, stderr } = await runCommand(args);
  expect(stderr).toBe("");
  expect(stdout).not.toContain("hidden-123");
  expect(stdout).not.toContain(Buffer.from("me:hidden-123").toString("base64"));
  const host = url.replace("http://", "");
  for (const part of [
    `\nstart\n    http step of setup\n    > to ${url}\n    > POST /post HTTP/1.1\n    > host: ${host}\n`,
    '    >\n    > {"a":"名"}\n    < HTTP/1.1 200\n',
    '    ✓ extract token\n    token = "名"\n    ✓ start passed after ',
    "    > GET /get?x=*** HTTP/1.1\n",
    "    > authorization: Basic ***\n",
    '    < {"args":{"x":"***"}',
    '    ✓ assert status eq 200\n    ✗ check body contains zzz: body: expected to contain "zzz"\n    x = "***"\n    missing = 5\n    ✓ login passed',
    "\nnever\n    http step of default\n    skipped: the condition `1 > 2` is false\n\nzip\n",
    '    <\n    < {"gzipped":true,"method":"GET"}\n',
    "    > GET /redirect/1 HTTP/1.1\n",
    "    < location: /get\n",
    "    < 200\n    q = [1]\n    ✓ calc passed",
    "\nmany\n    loop step of default\n\ninner\n",
    "    http_503: GET ${base}/status/503 was answered with status 503\n    ✗ inner failed after ",
    "    ✗ many failed after ",
    "    ✓ meet passed after ",
    "    < no answer: connection to 127.0.0.1:1 refused\n",
    "    1212: connection to 127.0.0.1:1 refused\n    ✓ dead passed after ",
  ]) {
    expect(stdout).toContain(part);
  }
  expect(stdout).toMatch(/\n {2}✗ failed: no iteration succeeded after [\d.]+ m?s\n$/);
  expect(requests()).toBe(8);
  expect(code).toBe(1);
});

test("beside --json the trace goes to stderr, and the report holds one iteration of each scenario", async () => {
  const { url, requests } = await startDemo();
  const scenarios = `
scenarios:
  a: {rate: 100, duration: 1m, steps: [{id: one, type: http, config: {url: "${url}/get"}}]}
  b: {start_time: 1h, vus: 3, iterations: 9, steps: [{id: two, type: http, config: {url: "${url}/bytes/5000"}}]}
`;
  const { code, stdout, stderr } = await runCommand([
    "run",
    writeTemporary("two.yaml", scenarios),
    "--debug",
    "--json",
  ]);
  const report = JSON.parse(stdout) as Report;
  expect([code, report.metrics["iterations"]?.values["count"], requests()]).toEqual([0, 2, 2]);
  expect(stderr).toContain("\none\n    http step of a\n");
  expect(stderr).toContain("\ntwo\n    http step of b\n");
});

test("literal credentials in headers are not shown", async () => {
  const { url } = await startDemo();
  const headers = {
    authorization: "word-alone",
    "X-Api-Key": "key-in-clear",
    "x-csrf-token": "a b",
    accept: "text/plain",
  };
  const text = JSON.stringify({ steps: [{ type: "http", config: { url: `${url}/bytes/3`, headers } }] });
  const { code, stdout } = await runCommand(["run", writeTemporary("keys.json", text), "--debug"]);
  expect(code).toBe(0);
  expect(stdout).toContain(
    "> authorization: ***\n    > x-api-key: ***\n    > x-csrf-token: ***\n    > accept: text/plain\n",
  );
  expect(stdout).not.toMatch(/word-alone|key-in-clear/);
});

test("what no terminal should get is not shown", async () => {
  const { url } = await startDemo();
  const text = `steps: [{id: odd, type: http, config: {method: POST, url: "${url}/post", body: "\\e]0;title\\a\\u0000x"}}]`;
  const { stdout } = await runCommand(["run", writeTemporary("odd.yaml", text), "--debug"]);
  expect(stdout).toContain("    >\n    > (12 bytes)\n");
  expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
});

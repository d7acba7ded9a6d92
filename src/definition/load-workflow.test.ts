import fc from "fast-check";
import { expect, test } from "vitest";
import type { Load } from "../protocol/load.ts";
import type { Workflow } from "../protocol/workflow.ts";
import { type LoadOptions, loadWorkflow, loadWorkflowObject } from "./load-workflow.ts";

const step = { id: "get", type: "http", config: { url: "http://localhost/" } };

function load(workflow: object, options: Partial<LoadOptions> = {}): Workflow {
  const loaded = loadWorkflowObject(workflow, { env: {}, ...options });
  if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems, null, 2));
  return loaded.workflow;
}

function listProblems(text: string, options: Partial<LoadOptions> = {}): string[] {
  const loaded = loadWorkflow({ text, fileName: "test.yaml" }, { env: {}, ...options });
  const problems = "problems" in loaded ? loaded.problems : loaded.warnings;
  return problems.map(
    ({ line, column, path, severity, message }) =>
      `${line}:${column} ${severity === "warning" ? "(warning) " : ""}${path}: ${message}`,
  );
}

function loadOf(options: object, overrides: LoadOptions["overrides"] = {}): Load | undefined {
  return load({ options, steps: [step] }, { overrides }).scenarios[0]?.load;
}

function problemsOf(workflow: object, options: Partial<LoadOptions> = {}): string[] {
  const loaded = loadWorkflowObject(workflow, { env: {}, ...options });
  return "problems" in loaded
    ? loaded.problems.filter(({ severity }) => severity !== "warning").map(({ path, message }) => `${path}: ${message}`)
    : [];
}

test("every problem of a file, with its place, what is accepted and what was meant", () => {
  const text = `nme: x
options:
  vus: 0
  duration: 30
  start_vus: 2
  thresholds:
    - metric: http_req_duraton
      condition: p(95) < 500ms
    - { metric: http_reqs, condition: p(95) < 5 }
steps:
  - id: login
    type: htpp
  - id: login
    type: http
    timeout: 0
    config: { url: "http://x/\${tokn}", timout: 3 }
    extract: [{ name: token, from: json, path: $.a }]
  - type: soap
    config: { script: foo }
  - type: sleep
    sleep: -1s
  - type: http
    url: http://x
`;
  // The step types are many and more to come.
  const problems = listProblems(text).map((problem) =>
    problem.replace(/http, sleep[a-z_, ]*|http, script[a-z_, ]*/, "…"),
  );
  expect(problems).toMatchInlineSnapshot(`
    [
      "1:1 nme: there is no field \`nme\` here. Did you mean \`name\`?",
      "3:8 options.vus: \`0\` is not accepted here; it takes a whole number from 1",
      "4:13 (warning) options.duration: a bare number is milliseconds: \`30\` is \`30ms\`; write \`30s\` if you mean seconds",
      "5:3 options.start_vus: \`start_vus\` is not used by mode constant-vus (which \`duration\` without a \`mode\` means); it uses duration, vus, ramp_up",
      "7:15 options.thresholds[0].metric: there is no metric "http_req_duraton": use a built-in one or declare it under metrics. Did you mean \`http_req_duration\`?",
      "9:39 options.thresholds[1].condition: no method "p(95)": use count, rate (http_reqs is a counter)",
      "12:11 steps[0].type: there is no step type \`htpp\`; it takes one of …. Did you mean \`http\`?",
      "13:9 steps[1].id: the id \`login\` is used twice, first by steps[0]; ids are unique in the workflow",
      "15:14 steps[1].timeout: \`0\` is no time at all; it takes a duration such as 500ms, 30s or 1h30m, more than 0",
      "16:20 steps[1].config.url: nothing sets \`tokn\`: it is no variable, no -e value, not extracted by a step and no step's id. Did you mean \`token\`?",
      "16:40 steps[1].config.timout: there is no field \`timout\` here. Did you mean \`timeout\`?",
      "18:11 steps[2].type: there is no step type \`soap\`; it takes one of ….",
      "21:12 steps[3].sleep.duration: \`-1s\` is negative; it takes a duration such as 500ms, 30s or 1h30m",
      "22:5 steps[4]: the step has no config; give \`config\` with \`url\`",
      "23:5 steps[4].url: there is no field \`url\` here. It belongs under \`config\`.",
    ]
  `);
});

test.each([
  [
    "broken YAML",
    "a: [1\nb: 2",
    ["2:1 : flow sequence in block collection must be sufficiently indented and end with a ]"],
  ],
  ["an empty file", "  \n", ["1:1 : the file is empty; write a workflow with `steps`"]],
  ["a list", "- 1", ["1:1 : a list is not a workflow; write a map with `steps`"]],
  ["a key twice", "id: a\nid: b\nsteps: []", ["2:1 : the key `id` stands twice in one map; keep one"]],
  ["several documents", "id: a\n---\nid: b", ["2:1 : the file holds several YAML documents; keep one"]],
  ["deep nesting", `a: ${"[".repeat(200)}${"]".repeat(200)}`, ["1:104 : the file is nested deeper than 100 levels"]],
  ["endless nesting", "[".repeat(100_000), ["1:1 : the file is nested deeper than 100 levels"]],
  ["an alias inside its anchor", "a: &a [*a]", ["1:8 : the alias `*a` stands inside its own anchor"]],
  ["no steps", "id: x", ["1:1 : the workflow has no `steps`; give a list of steps, or `scenarios`"]],
  ["an empty list of steps", "steps: []", ["1:8 steps: there is no step; give at least one"]],
])("%s is a problem with its place", (_, text, expected) => {
  expect(listProblems(text)).toEqual(expected);
});

test("aliases that multiply are counted in full", () => {
  const levels = ["a", "b", "c", "d", "e", "f", "g"].map((name, index, names) => {
    const before = names[index - 1];
    return `${name}: &${name} [${Array.from({ length: 10 }, () => (before === undefined ? "x" : `*${before}`)).join(",")}]`;
  });
  expect(listProblems(levels.join("\n"))[0]).toContain(
    "the file holds more than 500000 values, aliases counted in full",
  );
});

test("JSON is read by its own rules", () => {
  const loaded = loadWorkflow({ text: '{\n  "steps": [,]\n}', fileName: "a.json" }, { env: {} });
  expect(loaded).toEqual({
    problems: [{ path: "", message: "not valid JSON: unexpected token ','", line: 2, column: 13 }],
  });
});

test("more steps than the bound are one problem", () => {
  const many = Array.from({ length: 10_002 }, () => ({ type: "sleep", sleep: "1s" }));
  expect(problemsOf({ steps: many })).toEqual(["steps[10000]: the workflow has more than 10000 steps"]);
});

test.each<[string, object, Load]>([
  [
    "nothing: one iteration per VU",
    { vus: 3 },
    { mode: "per-vu-iterations", vus: 3, iterations: 1, maxDurationMs: 600_000 },
  ],
  ["duration: constant-vus", { duration: "1m" }, { mode: "constant-vus", vus: 1, durationMs: 60_000, rampUpMs: 0 }],
  [
    "iterations: shared, duration limits them",
    { iterations: 9, duration: "5s" },
    { mode: "shared-iterations", vus: 1, iterations: 9, maxDurationMs: 5000 },
  ],
  [
    "stages: ramping-vus",
    { stages: [{ duration: "1s", target: 4 }] },
    { mode: "ramping-vus", startVus: 1, stages: [{ durationMs: 1000, target: 4 }], gracefulRampDownMs: 30_000 },
  ],
  [
    "rate: constant-arrival-rate, VUs for the starts of a second",
    { rate: 90, time_unit: "1m", duration: "1s" },
    { mode: "constant-arrival-rate", rate: 90, timeUnitMs: 60_000, durationMs: 1000, preAllocatedVus: 2, maxVus: 2 },
  ],
  [
    "start_rate and stages: ramping-arrival-rate",
    { start_rate: 5, stages: [{ duration: "1s", target: 20 }], max_vus: 30 },
    {
      mode: "ramping-arrival-rate",
      startRate: 5,
      timeUnitMs: 1000,
      stages: [{ durationMs: 1000, target: 20 }],
      preAllocatedVus: 20,
      maxVus: 30,
    },
  ],
  [
    "externally-controlled has an open end",
    { mode: "externally-controlled", vus: 2 },
    { mode: "externally-controlled", vus: 2, maxVus: 2, durationMs: null },
  ],
])("%s", (_, options, expected) => {
  expect(loadOf(options)).toEqual(expected);
});

test.each<[string, object, LoadOptions["overrides"], Partial<Load>]>([
  [
    "-d replaces the duration of an arrival rate",
    { rate: 5, duration: "1m" },
    { duration: "2s" },
    { mode: "constant-arrival-rate", durationMs: 2000 },
  ],
  [
    "-d on stages becomes constant-vus",
    { stages: [{ duration: "1s", target: 4 }] },
    { duration: "2s", vus: 3 },
    { mode: "constant-vus", vus: 3, durationMs: 2000 },
  ],
  [
    "-i drops the duration and keeps the VUs",
    { vus: 7, duration: "1m" },
    { iterations: 5 },
    { mode: "shared-iterations", vus: 7, iterations: 5, maxDurationMs: 600_000 },
  ],
  [
    "--rate keeps the duration",
    { vus: 7, duration: "1m" },
    { rate: 5 },
    { mode: "constant-arrival-rate", rate: 5, durationMs: 60_000, maxVus: 5 },
  ],
  [
    "-s replaces stages of rates",
    { start_rate: 1, stages: [{ duration: "1s", target: 4 }] },
    { stages: [{ duration: "3s", target: 9 }] },
    { mode: "ramping-arrival-rate", stages: [{ durationMs: 3000, target: 9 }] },
  ],
  [
    "-u changes only the VUs",
    { vus: 7, iterations: 9 },
    { vus: 2 },
    { mode: "shared-iterations", vus: 2, iterations: 9 },
  ],
  [
    "--mode keeps what it uses",
    { vus: 7, iterations: 3 },
    { mode: "per-vu-iterations" },
    { mode: "per-vu-iterations", vus: 7, iterations: 3 },
  ],
])("%s", (_, options, overrides, expected) => {
  expect(loadOf(options, overrides)).toMatchObject(expected);
});

test("tags of steps are filled in before the start, wherever the step stands", () => {
  const tags = { region: "${region}" };
  const body = { url: "http://h/", json: { tags: "${vu.id}", steps: [{ tags: "${iteration}" }] } };
  const tagged = { type: "http", tags, config: body };
  const workflow = load(
    {
      variables: { region: "eu" },
      setup: [tagged],
      pre_hook: tagged,
      steps: [
        { ...tagged, post_hook: tagged },
        { type: "group", tags, group: { steps: [tagged] } },
      ],
    },
    { variables: { region: "cn" } },
  );
  const [first, group] = workflow.scenarios[0]?.steps ?? [];
  const found = [workflow.setup[0], workflow.scenarios[0]?.preHook[0], first, first?.postHook[0], group];
  expect(found.map((item) => item?.tags)).toEqual(found.map(() => ({ region: "cn" })));
  expect(group?.config).toMatchObject({ steps: [{ tags: { region: "cn" } }] });
  expect(first?.config).toMatchObject({ body: { value: body.json } });
});

test("a workflow's parts in all their forms", () => {
  const workflow = load(
    {
      id: "登录",
      http: { base_url: "http://${env.HOST}", headers: { "X-A": "1", "X-B": ["2", "3"] }, timeout: { connect: "1s" } },
      variables: { user: "a", token: "${user}" },
      options: {
        vus: "${env.VUS}",
        think_time: { min: "1s", max: "2s" },
        on_error: "continue",
        thresholds: {
          http_req_failed: ["rate < 1%", { threshold: "rate < ${env.VUS}%", abortOnFail: true, delayAbortEval: "5s" }],
        },
      },
      pre_hook: { type: "sleep", sleep: "1s" },
      steps: [
        {
          type: "http",
          http: {
            url: "/a",
            params: { q: ["${user}", 2] },
            headers: [{ key: "x-a", value: 9 }],
            form: { f: 1 },
            expect_status: [200, "3xx", "400-404"],
          },
          retry: { max_attempts: 5 },
        },
        {
          type: "group",
          name: "G",
          steps: [
            {
              type: "http",
              config: { method: "post", url: "/b", json: { id: 12345678901234567890n } },
              assert: [{ value: 200 }, { type: "duration", operator: "lt", value: "1s" }],
            },
          ],
        },
      ],
    },
    { env: { VUS: "4", HOST: "h:1" }, variables: { user: "b" } },
  );
  expect(workflow).toMatchObject({
    id: "登录",
    name: "登录",
    variables: { user: "b", token: "${user}" },
    http: { baseUrl: "http://h:1", connectTimeoutMs: 1000, totalTimeoutMs: 60_000 },
    thresholds: [
      {
        metric: "http_req_failed",
        condition: "rate < 1%",
        abortOnFail: false,
        delayMs: 0,
        windowMs: null,
        noData: "fail",
      },
      { condition: "rate < 4%", abortOnFail: true, delayMs: 5000 },
    ],
  });
  const [scenario] = workflow.scenarios;
  expect(scenario).toMatchObject({
    name: "default",
    load: { vus: 4 },
    thinkTime: { minMs: 1000, maxMs: 2000 },
    onError: "continue",
  });
  expect(scenario?.preHook.map(({ id, config }) => [id, config])).toEqual([
    ["sleep_1", { duration: { minMs: 1000, maxMs: 1000 } }],
  ]);
  const [first, group] = scenario?.steps ?? [];
  expect(first).toMatchObject({ id: "http_1", onError: "retry", retry: { maxAttempts: 5, delayMs: 1000 } });
  expect(first?.config).toMatchObject({
    method: "GET",
    query: [
      ["q", "${user}"],
      ["q", "2"],
    ],
    headers: [
      ["x-b", "2"],
      ["x-b", "3"],
      ["x-a", "9"],
    ],
    body: { kind: "form", fields: [["f", "1"]] },
    connectTimeoutMs: 1000,
    expectStatus: [
      [200, 200],
      [300, 399],
      [400, 404],
    ],
  });
  expect(group).toMatchObject({
    id: "group_1",
    name: "G",
    onError: "continue",
    config: {
      steps: [
        {
          id: "http_2",
          config: { method: "POST", body: { kind: "json", value: { id: 12345678901234567890n } } },
          assert: [
            { name: "status eq 200", type: "status", operator: "eq", value: 200 },
            { type: "duration", value: 1000 },
          ],
        },
      ],
    },
  });
});

test.each<[string, object, Partial<LoadOptions>, string]>([
  [
    "--vus 0",
    { steps: [step] },
    { overrides: { vus: 0 } },
    "--vus: `0` is not accepted here; it takes a whole number from 1",
  ],
  [
    "two bodies",
    { steps: [{ type: "http", config: { url: "http://x", json: 1, form: {} } }] },
    {},
    "steps[0].config.form: a request has one body, and `json` is given too; keep one of `json`, `form`",
  ],
  [
    "an unknown domain",
    { steps: [{ type: "http", config: { url: "/", domain: "a" } }] },
    {},
    "steps[0].config.domain: there is no domain `a` in options.http.domains (none is declared)",
  ],
  [
    "a missing environment value",
    { options: { vus: "${env.VUS}" }, steps: [step] },
    {},
    "options.vus: `env.VUS` has no value before the start; options may use `variables`, -e values and `env`",
  ],
  [
    "a tag that differs from request to request",
    { steps: [{ ...step, tags: { k: "${iteration}" } }] },
    {},
    "steps[0].tags.k: `iteration` has no value before the start; tags may use `variables`, -e values and `env`",
  ],
  [
    "a step that does not exist",
    { steps: [{ type: "http", config: { url: "http://x/${steps.gte.body}" } }, step] },
    {},
    "steps[0].config.url: there is no step `gte`. Did you mean `get`?",
  ],
  [
    "an unknown field of a result",
    { steps: [{ type: "http", config: { url: "http://x/${get.status}" } }, step] },
    {},
    "steps[0].config.url: `get` has no `status`; it has status_code, body, headers, duration, output, error_code.",
  ],
  [
    "stages without time",
    { options: { stages: [{ duration: 0, target: 1 }] }, steps: [step] },
    {},
    "options.stages: the stages take no time; give at least one a `duration` above 0",
  ],
  [
    "overrides on several scenarios",
    { scenarios: { a: { steps: [step] }, b: { steps: [{ ...step, id: "b" }] } } },
    { overrides: { vus: 1 } },
    "--vus: the workflow has several scenarios; name the one that is meant with --scenario",
  ],
  [
    "a threshold of an unknown scenario",
    {
      options: { thresholds: [{ metric: "http_reqs{scenario:brwose}", condition: "count > 0" }] },
      scenarios: { browse: { steps: [step] } },
    },
    {},
    "options.thresholds[0].metric: the threshold `http_reqs{scenario:brwose}` names the scenario `brwose`, which does " +
      "not exist. Did you mean `browse`?",
  ],
  [
    "a feeder that is wrong and used",
    {
      data: { users: { file: "users.csv", mode: "unique", on_end: "recycle" } },
      steps: [{ ...step, condition: "${data.users.id} == 1" }],
    },
    {},
    "data.users.on_end: `unique` rows are never given twice; leave `on_end` out, or write `stop`",
  ],
  [
    "an unknown scenario",
    { scenarios: { browse: { steps: [step] } } },
    { scenario: "brwose" },
    "--scenario: there is no scenario `brwose`; the workflow has browse. Did you mean `browse`?",
  ],
  [
    "a file that can't be read",
    { steps: [{ type: "http", config: { url: "http://x", body: { file: "a.txt" } } }] },
    {},
    "steps[0].config.body.file: `a.txt` cannot be read here: this workflow came without its files; send them with it",
  ],
  [
    "an unknown mode",
    { options: { mode: "random" }, steps: [step] },
    {},
    "options.mode: `random` is not accepted here; it takes one of constant-vus, ramping-vus, per-vu-iterations, shared-iterations, constant-arrival-rate, ramping-arrival-rate, externally-controlled, find-limit",
  ],
  [
    "a value that is no data",
    { steps: [step], variables: { f: () => 1 } },
    {},
    "variables.f: a function is no JSON value; use texts, numbers, true, false, null, lists and plain objects",
  ],
  ["the id `latest`", { id: "latest", steps: [step] }, {}, "id: the id `latest` is reserved; choose another"],
])("%s is a problem", (_, workflow, options, expected) => {
  expect(problemsOf(workflow, options)).toEqual([expected]);
});

test("--scenario leaves out the thresholds that only other scenarios can meet, and says so", () => {
  const conditions = { condition: "count > 0" };
  const of = (metric: string) => ({ metric, ...conditions });
  const kept = ["http_reqs{scenario:b}", "http_reqs{step:b}", "http_reqs{step:shared}", "http_reqs"].map(of);
  const workflow = {
    options: {
      thresholds: [
        of("iterations{scenario:a}"),
        of("http_reqs{step:a}"),
        { metric: "inner.failure_rate", condition: "< 0.1" },
        ...kept,
      ],
    },
    setup: [{ ...step, id: "shared" }],
    scenarios: {
      a: {
        steps: [
          { ...step, id: "a" },
          { type: "loop", loop: { count: 2, steps: [{ ...step, id: "inner" }] } },
        ],
      },
      b: { steps: [{ ...step, id: "b" }] },
    },
  };
  const loaded = loadWorkflowObject(workflow, { env: {}, scenario: "b" });
  if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
  expect(loaded.workflow.thresholds.map(({ metric }) => metric)).toEqual(kept.map(({ metric }) => metric));
  expect(loaded.warnings.map(({ message }) => message)).toEqual([
    "the threshold `iterations{scenario:a}` is left out: the scenario `a` is not run",
    "the threshold `http_reqs{step:a}` is left out: the step `a` is not run",
    "the threshold `inner.failure_rate` is left out: the step `inner` is not run",
  ]);
  expect(load(workflow).thresholds).toHaveLength(7);
});

test("--scenario runs that one alone, with overrides", () => {
  const { scenarios } = load(
    { scenarios: { a: { duration: "1s", steps: [step] }, b: { duration: "1s", steps: [{ ...step, id: "b" }] } } },
    { scenario: "b", overrides: { vus: 9 } },
  );
  expect(scenarios.map(({ name, load: { mode }, load }) => [name, mode, "vus" in load && load.vus])).toEqual([
    ["b", "constant-vus", 9],
  ]);
});

test("files of bodies travel with the workflow, each once, and their parts are complete", () => {
  const multipart = {
    a: "x",
    b: [1, { file: "a.txt", name: "n", content_type: "text/plain" }],
    c: { file: "./d/b.bin" },
  };
  const http = (config: object): object => ({ type: "http", config: { url: "http://x", ...config } });
  const workflow = load(
    { steps: [http({ body: { file: "a.txt" } }), http({ multipart })] },
    {
      files: {
        readText: () => "",
        readHead: () => new Uint8Array(0),
        describe: (name) => ({ name, size: 1, hash: null }),
      },
    },
  );
  const [first, second] = workflow.scenarios[0]?.steps ?? [];
  expect(first?.config["body"]).toEqual({ kind: "file", file: "a.txt" });
  const octets = "application/octet-stream";
  expect(second?.config["body"]).toEqual({
    kind: "multipart",
    parts: [
      { field: "a", content: { text: "x" }, fileName: null, contentType: null },
      { field: "b", content: { text: "1" }, fileName: null, contentType: null },
      { field: "b", content: { file: "a.txt" }, fileName: "n", contentType: "text/plain" },
      { field: "c", content: { file: "d/b.bin" }, fileName: "b.bin", contentType: octets },
    ],
  });
  expect(workflow.files.map(({ name }) => name)).toEqual(["a.txt", "d/b.bin"]);
});

test("a body is one thing, and multipart names its content type itself", () => {
  const text = [
    "steps:",
    "  - { type: http, config: { url: 'http://x', json: 1, multipart: { a: 1 } } }",
    "  - { type: http, config: { url: 'http://x', headers: { Content-Type: a/b }, multipart: { a: 1 } } }",
    "  - { type: http, config: { url: 'http://x', multipart: { a: { name: b } } } }",
    "",
  ].join("\n");
  expect(listProblems(text)).toEqual([
    "2:66 steps[0].config.multipart: a request has one body, and `json` is given too; keep one of `json`, `multipart`",
    "3:55 steps[1].config.headers: a `multipart` body names its content-type itself; remove that header",
    "4:62 steps[2].config.multipart.a: `file` is missing; it takes a text",
  ]);
});

test("an environment that is not known yet only warns", () => {
  const text =
    'http: { base_url: "${env.URL}" }\noptions: { duration: 1s }\nsteps:\n  - { type: http, config: { url: "http://x/${env.A}" } }\n';
  expect(listProblems(text, { missingEnv: "warning" })).toEqual([
    "1:19 (warning) http.base_url: env.URL has no value; give it with -e URL=VALUE",
    "4:34 (warning) steps[0].config.url: env.A has no value; give it with -e A=VALUE",
  ]);
});

test("an environment without a value is no problem where another stands for it, in a step or an option", () => {
  const text =
    'options: { iterations: "${env.N ?? 3}" }\nsteps:\n  - { type: http, config: { url: "${env.A ?? env.B ?? \'http://x\'}/${env.C}" } }\n';
  expect(listProblems(text)).toEqual(["3:34 steps[0].config.url: env.C has no value; give it with -e C=VALUE"]);
  expect(listProblems(text.replace("/${env.C}", ""))).toEqual([]);
});

test("--insecure wins over every setting", () => {
  const workflow = load(
    { http: { tls: { verify: true } }, steps: [{ type: "http", config: { url: "https://x", tls: { verify: true } } }] },
    { overrides: { insecure: true } },
  );
  expect([workflow.http.tls.verify, workflow.scenarios[0]?.steps[0]?.config["tls"]]).toMatchObject([
    false,
    { verify: false },
  ]);
});

test("the result is frozen and the input is not changed", () => {
  const input = { options: { duration: "1s" }, steps: [structuredClone(step)] };
  const before = structuredClone(input);
  const workflow = load(input);
  expect(input).toEqual(before);
  expect(Object.isFrozen(input.steps[0])).toBe(false);
  expect(Object.isFrozen(workflow.scenarios[0]?.steps[0]?.config["redirect"])).toBe(true);
});

const words = fc.constantFrom(
  "id",
  "type",
  "http",
  "config",
  "url",
  "steps",
  "options",
  "scenarios",
  "vus",
  "duration",
  "stages",
  "thresholds",
  "group",
  "sleep",
  "extract",
  "assert",
  "name",
  "pre_hook",
  "__proto__",
  "constructor",
  "${x",
  "${env.A}",
  "1s",
  "http://x",
  "rate",
  "mode",
  "constant-vus",
  "headers",
  "variables",
  "metrics",
  "retry",
);
const loose = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    fc.oneof(words, fc.integer(), fc.double(), fc.boolean(), fc.constant(null), fc.string()),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(words, tie("value"), { maxKeys: 6 }),
  ),
})).value;

test("any object gives a workflow or problems, never an exception", () => {
  fc.assert(
    fc.property(fc.dictionary(words, loose, { maxKeys: 8 }), (value) => {
      const loaded = loadWorkflowObject(value, { env: {} });
      expect("workflow" in loaded || loaded.problems.some(({ severity }) => severity === "error")).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test("any text gives a workflow or problems, never an exception", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc
          .array(fc.constantFrom("a", ":", " ", "\n", "-", "[", "{", "&x", "*x", "<<", '"', "|", "steps"))
          .map((parts) => parts.join("")),
      ),
      (text) => {
        const loaded = loadWorkflow({ text, fileName: null }, { env: {} });
        expect("workflow" in loaded || loaded.problems.length > 0).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});

const duration = fc.constantFrom("500ms", "1s", "1m30s", 2000);
const vus = fc.integer({ min: 1, max: 1000 });
const validOptions = fc.oneof(
  fc.record({ vus, duration }),
  fc.record({ vus, iterations: vus }),
  fc.record({ rate: fc.integer({ min: 1, max: 1000 }), duration }),
  fc.record({ stages: fc.array(fc.record({ duration, target: vus }), { minLength: 1, maxLength: 5 }) }),
);
const validStep = fc.oneof(
  fc.record({ type: fc.constant("sleep"), sleep: duration }),
  fc.record(
    {
      type: fc.constant("http"),
      config: fc.record(
        {
          url: fc.constantFrom("http://a/", "https://b:1/${vu.id}"),
          json: fc.jsonValue().filter((value) => !JSON.stringify(value).includes("$")),
        },
        { requiredKeys: ["url"] },
      ),
      timeout: duration,
      on_error: fc.constantFrom("abort", "continue", "skip", "retry"),
    },
    { requiredKeys: ["type", "config"] },
  ),
);

test("a valid workflow always resolves, with unique ids", () => {
  fc.assert(
    fc.property(validOptions, fc.array(validStep, { minLength: 1, maxLength: 6 }), (options, steps) => {
      const workflow = load({ options, steps });
      const ids = workflow.scenarios[0]?.steps.map(({ id }) => id) ?? [];
      expect(new Set(ids).size).toBe(steps.length);
    }),
  );
});

test("a map of many keys is read in a time that grows with their number, not with its square", {
  timeout: 120_000,
}, () => {
  const costOf = (keys: number): number => {
    const text = `variables: {${Array.from({ length: keys }, (_, index) => `k${index}: 1`).join(", ")}}\nsteps: []\n`;
    // Of this thread alone, so that nobody else's load counts.
    const from = process.threadCpuUsage();
    expect("problems" in loadWorkflow({ text, fileName: "a.yaml" }, { env: {} })).toBe(true);
    const { user, system } = process.threadCpuUsage(from);
    return user + system;
  };
  // Eight times the keys cost about nine times as much; with the parser's own check of the keys it is sixty.
  expect(costOf(100_000) / costOf(12_500)).toBeLessThan(30);
});

test("a field that is fixed before the run says that it takes no template", () => {
  const steps = [
    { ...step, timeout: "${env.T}" },
    { ...step, id: "b", on_error: "retry", retry: { delay: "${env.T}", max_attempts: "${env.N}" } },
  ];
  expect(problemsOf({ steps }, { env: { T: "1s", N: "2" } })).toEqual([
    "steps[0].timeout: `${env.T}`: `timeout` takes no template; it takes a duration such as 500ms, 30s or 1h30m, more than 0",
    "steps[1].retry.delay: `${env.T}`: `delay` takes no template; it takes a duration such as 500ms, 30s or 1h30m",
    "steps[1].retry.max_attempts: `${env.N}`: `max_attempts` takes no template; it takes a whole number from 1 to 1000",
  ]);
});

test("a schema is a value or a file, never a template; paths of xpath and css are needed", () => {
  const files = {
    readText: (name: string) => (name === "s.json" ? '{"pattern":"${x}"}' : "{"),
    readHead: () => new Uint8Array(0),
    describe: (name: string) => ({ name, size: 1, hash: null }),
  };
  const step = (assert: object[], extract: object[] = []): object => ({
    steps: [{ type: "http", config: { url: "http://x" }, assert, extract }],
  });
  const workflow = load(
    step([
      { type: "schema", value: { file: "s.json" } },
      { type: "schema", name: "own", value: { const: "${not.a.template}" } },
    ]),
    { files },
  );
  expect(workflow.scenarios[0]?.steps[0]?.assert).toEqual([
    { name: "schema s.json", type: "schema", path: "", operator: "eq", value: { pattern: "${x}" } },
    { name: "own", type: "schema", path: "", operator: "eq", value: { const: "${not.a.template}" } },
  ]);
  const wrong = step(
    [
      { type: "schema" },
      { type: "schema", value: { file: "bad.json" } },
      { type: "schema", operator: "ne", value: {} },
      { type: "xpath" },
    ],
    [{ name: "a", from: "css" }],
  );
  const loaded = loadWorkflowObject(wrong, { env: {}, files });
  expect("problems" in loaded ? loaded.problems.map(({ path, message }) => `${path}: ${message}`) : []).toEqual([
    "steps[0].extract[0]: extracting from css needs `path`: a CSS selector such as a.next@href",
    "steps[0].assert[0]: an assertion of type `schema` needs `value`: a JSON schema, or `{file}`",
    expect.stringMatching(/^steps\[0\]\.assert\[1\]\.value\.file: `bad\.json` is not JSON: /),
    "steps[0].assert[2].operator: a schema judges the whole answer; leave this out",
    "steps[0].assert[3]: an assertion of type `xpath` needs `path`: an XPath such as //item/@id",
  ]);
});

test("a number that is too large is told the largest that is taken", () => {
  const text = "options: { vus: 1000000000000, duration: 1s }\nsteps: [{ type: sleep, config: { duration: 1s } }]\n";
  expect(listProblems(text)).toEqual([
    "1:17 options.vus: `1000000000000` is not accepted here; it takes a whole number from 1, at most 10000000",
  ]);
});

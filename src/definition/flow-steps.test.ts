import { describe, expect, test } from "vitest";
import type { Json, JsonObject } from "../protocol/json.ts";
import type { Step, Workflow } from "../protocol/workflow.ts";
import { listCapabilities } from "./list-capabilities.ts";
import { type LoadOptions, loadWorkflowObject } from "./load-workflow.ts";
import type { WorkflowFiles } from "../protocol/named-file.ts";

function filesOf(readText: WorkflowFiles["readText"]): WorkflowFiles {
  return { readText, readHead: () => new Uint8Array(0), describe: (name) => ({ name, size: 1, hash: null }) };
}

function load(workflow: object, options: Partial<LoadOptions> = {}): Workflow {
  const loaded = loadWorkflowObject(workflow, { env: {}, ...options });
  if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems, null, 2));
  return loaded.workflow;
}

function loadSteps(...steps: object[]): readonly Step[] {
  return load({ steps }).scenarios[0]?.steps ?? [];
}

function problemsOf(workflow: object, options: Partial<LoadOptions> = {}): string[] {
  const loaded = loadWorkflowObject(workflow, { env: {}, ...options });
  return "problems" in loaded ? loaded.problems.map(({ path, message }) => `${path}: ${message}`) : [];
}

const sleep = (id: string, more: object = {}): object => ({ id, type: "sleep", sleep: "1s", ...more });

/** The ids of the steps in a complete config, in place of the steps. */
function shorten(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(shorten);
  if (typeof value !== "object" || value === null) return value;
  const fields = value as JsonObject;
  if (typeof fields["id"] === "string" && fields["onError"] !== undefined) return fields["id"];
  return Object.fromEntries(Object.entries(fields).map(([key, item]) => [key, shorten(item)]));
}

describe("condition: every form is the same step", () => {
  const parts = { expression: "vu.id == 1", then: [sleep("a")], else: [sleep("c")] };
  const branches = [
    { kind: "if", expression: "vu.id == 1", steps: [sleep("a")] },
    { kind: "else_if", expression: "vu.id == 2", steps: [sleep("b")] },
    { kind: "else", steps: [sleep("c")] },
  ];
  const whole = { ...parts, else_if: [{ expression: "vu.id == 2", steps: [sleep("b")] }] };
  test.each([
    ["under config", { type: "condition", config: whole }],
    ["under its own key", { type: "condition", condition: whole }],
    ["on the step", { type: "condition", ...whole }],
    ["branches", { type: "condition", config: { branches } }],
    ["branches under its own key", { type: "condition", condition: { branches } }],
    ["branches on the step", { type: "condition", branches }],
  ])("%s", (_form, step) => {
    const [loaded] = loadSteps(step);
    expect(loaded?.condition).toBeNull();
    expect(shorten(loaded?.config ?? {})).toEqual({
      branches: [
        { expression: "vu.id == 1", steps: ["a"] },
        { expression: "vu.id == 2", steps: ["b"] },
        { expression: null, steps: ["c"] },
      ],
    });
  });

  test("a text under `condition` is the key of every step", () => {
    const [loaded] = loadSteps({ type: "condition", condition: "vu.id < 3", config: { expression: "true", then: [] } });
    expect(loaded?.condition).toBe("vu.id < 3");
    expect(loaded?.config).toEqual({ branches: [{ expression: "true", steps: [] }] });
  });
});

test("a map under `retry` is the config of a retry step, and the rule of any other", () => {
  const [first, second] = loadSteps(
    { type: "retry", retry: { max_attempts: 5, steps: [sleep("a")] } },
    sleep("b", { retry: { max_attempts: 5 } }),
  );
  expect(shorten(first?.config ?? {})).toEqual({
    steps: ["a"],
    maxAttempts: 5,
    delayMs: 1000,
    backoff: "fixed",
    maxDelayMs: 30_000,
  });
  expect([first?.onError, second?.onError, second?.retry.maxAttempts]).toEqual(["abort", "retry", 5]);
});

test("steps inside any flow step ask for their capability", () => {
  const http = { type: "http", http: { url: "http://x" } };
  const wraps: readonly object[] = [
    { type: "group", steps: [http] },
    { type: "condition", condition: { expression: "true", else_if: [{ expression: "true", steps: [http] }] } },
    { type: "condition", condition: { expression: "true", else: [http] } },
    { type: "loop", loop: { count: 1, steps: [http] } },
    { type: "parallel", parallel: [http] },
    { type: "switch", switch: [{ weight: 1, steps: [http] }] },
    { type: "switch", switch: { cases: [{ expression: "true", steps: [] }], default: [http] } },
    { type: "retry", retry: [http] },
    { type: "wait_until", config: { condition: "true", steps: [http] } },
    { type: "call", call: "f" },
    { type: "group", steps: [], post_hook: { type: "retry", retry: [http] } },
  ];
  for (const step of wraps) {
    const workflow = load({ fragments: { f: { steps: [http] } }, steps: [step] });
    expect(listCapabilities(workflow)).toEqual(["http_executor"]);
  }
  const unused = load({ fragments: { f: { steps: [http] } }, steps: [sleep("s")] });
  expect(listCapabilities(unused)).toEqual([]);
});

test("a sleep's range may stand under its own key", () => {
  const configs = loadSteps(
    { type: "sleep", sleep: { min: "1s", max: "2s" } },
    { type: "sleep", sleep: { duration: { min: "1s", max: "2s" } } },
  ).map((step) => step.config);
  const range = { duration: { minMs: 1000, maxMs: 2000 } };
  expect(configs).toEqual([range, range]);
  expect(problemsOf({ steps: [{ type: "sleep", sleep: { min: "1s" } }] })).toEqual([
    "steps[0].sleep.duration: `max` is missing; it takes a duration such as 500ms, 30s or 1h30m",
  ]);
});

test("defaults of the flow types", () => {
  const steps = [sleep("a")];
  const configs = loadSteps(
    { type: "loop", loop: { items: [1], steps: [{ type: "break" }] } },
    { type: "parallel", parallel: [sleep("b")] },
    { type: "wait_until", config: { condition: "true" } },
    { type: "switch", switch: [{ weight: 3, steps }] },
  ).map((step) => shorten(step.config));
  expect(configs).toEqual([
    {
      mode: "foreach",
      count: 0,
      items: [1],
      item_var: "item",
      condition: null,
      max_iterations: 1000,
      break_condition: null,
      continue_condition: null,
      label: null,
      steps: ["break_1"],
    },
    { steps: ["b"], concurrency: 20, fail_fast: false },
    { condition: "true", timeout: 30_000, interval: 1000, steps: [] },
    { cases: [{ weight: 3, expression: null, steps: ["a"] }], default: [] },
  ]);
});

test("tags of steps inside any flow step are settled before the start, once", () => {
  const inner = sleep("a", { tags: { team: "${team}", plain: "$${x}" } });
  const wrap = (step: object): object[] => [
    { type: "condition", condition: { branches: [{ kind: "if", expression: "true", steps: [step] }] } },
  ];
  const [loop] = load({
    variables: { team: "blue" },
    steps: [{ type: "loop", count: 1, steps: wrap(inner) }],
  }).scenarios[0]?.steps ?? [undefined];
  expect(JSON.stringify(loop)).toContain('"tags":{"team":"blue","plain":"${x}"}');
});

describe("names are known where they can be", () => {
  const say = (text: string): object => ({ type: "sleep", sleep: `\${${text}}` });
  const loop = (config: object, ...steps: object[]): object => ({ type: "loop", loop: { ...config, steps } });
  const rows: readonly (readonly [what: string, steps: readonly object[], problem: string | null])[] = [
    ["loop.index in a loop", [loop({ count: 1 }, say("loop.index"))], null],
    ["loop.item in foreach", [loop({ items: [1] }, say("loop.item"))], null],
    ["the item", [loop({ items: [1], item_var: "it" }, say("it"))], null],
    ["the outer item inside", [loop({ items: [1], item_var: "it" }, loop({ count: 1 }, say("it")))], null],
    ["the item in break_condition", [loop({ items: [1], break_condition: "item == 1" })], null],
    ["loop outside", [say("loop.index")], "`loop` is known only in the steps and conditions of a loop"],
    [
      "loop.item in for",
      [loop({ count: 1 }, say("loop.item"))],
      "`loop` has no `item`; it has index, iteration, count.",
    ],
    ["loop.count in while", [loop({ condition: "true" }, say("loop.count"))], "`loop` has no `count`"],
    ["the inner loop's fields count", [loop({ items: [1] }, loop({ count: 1 }, say("loop.item")))], "has no `item`"],
    ["the item behind its loop", [loop({ items: [1], item_var: "it" }), say("it")], "nothing sets `it`"],
    ["loop in the loop's own count", [loop({ count: "${loop.index}" })], "`loop` is known only"],
    ["a refused field is not missed as well", [loop({ count: -1 })], "`-1` is not accepted here"],
    ["a reserved item", [loop({ items: [1], item_var: "vu" })], "`vu` is a name of the expression language"],
  ];
  test.each(rows)("%s", (_what, steps, problem) => {
    const problems = problemsOf({ steps });
    if (problem === null) expect(problems).toEqual([]);
    else expect(problems).toEqual([expect.stringContaining(problem)]);
  });
});

describe("break and continue find their loop", () => {
  const rows: readonly (readonly [what: string, step: object, problem: string | null])[] = [
    ["the innermost", { type: "loop", count: 1, steps: [{ type: "continue" }] }, null],
    [
      "a label further out, through a group",
      {
        type: "loop",
        label: "o",
        count: 1,
        steps: [{ type: "loop", count: 1, steps: [{ type: "group", steps: [{ type: "break", break: "o" }] }] }],
      },
      null,
    ],
    ["none around", { type: "group", steps: [{ type: "break" }] }, "there is no loop around this `break`"],
    [
      "an unknown label",
      { type: "loop", label: "a", count: 1, steps: [{ type: "break", break: "b" }] },
      "has the label `b`; there are a",
    ],
    [
      "none out of a branch",
      { type: "loop", count: 1, steps: [{ type: "parallel", steps: [{ type: "break" }] }] },
      "there is no loop",
    ],
    [
      "none out of a hook",
      { type: "loop", count: 1, steps: [sleep("s", { post_hook: { type: "break" } })] },
      "there is no loop",
    ],
  ];
  test.each(rows)("%s", (_what, step, problem) => {
    const problems = problemsOf({ steps: [step] });
    if (problem === null) expect(problems).toEqual([]);
    else expect(problems).toEqual([expect.stringContaining(problem)]);
  });
});

test("steps stand inside steps at most 16 deep, those of calls counted", () => {
  const nest = (depth: number, inner: object): object =>
    depth === 0 ? inner : { type: "group", steps: [nest(depth - 1, inner)] };
  expect(problemsOf({ steps: [nest(15, sleep("a"))] })).toEqual([]);
  expect(problemsOf({ steps: [nest(16, sleep("a"))] })).toEqual([
    expect.stringContaining("steps stand inside steps more than 16 deep"),
  ]);
  const fragments = { deep: { steps: [nest(10, sleep("a"))] } };
  expect(problemsOf({ fragments, steps: [nest(4, { type: "call", call: "deep" })] })).toEqual([]);
  expect(problemsOf({ fragments, steps: [nest(5, { type: "call", call: "deep" })] })).toEqual([
    ": steps stand inside steps 17 deep, calls counted; at most 16 are accepted",
  ]);
});

describe("calls", () => {
  const fragments = {
    login: {
      params: { user: "guest", password: null },
      steps: [sleep("wait"), { type: "sleep", sleep: "${user}" }],
      results: { token: "user + 'x'" },
    },
    strict: { params: ["id"], steps: [sleep("other")] },
  };

  test("what is called stands in the call", () => {
    const workflow = load({
      fragments,
      steps: [
        { type: "call", config: { fragment: "login", params: { user: "${vu.id}" }, results: { mine: "token" } } },
      ],
    });
    expect(shorten(workflow.scenarios[0]?.steps[0]?.config ?? {})).toEqual({
      params: { user: "${vu.id}" },
      defaults: [["password", null]],
      declared: [["token", "user + 'x'"]],
      returns: [["mine", "token"]],
      steps: ["wait", "sleep_1"],
    });
  });

  const rows: readonly (readonly [what: string, workflow: object, problem: string | null])[] = [
    [
      "results come back under their names",
      {
        steps: [
          { type: "call", call: "login" },
          { type: "sleep", sleep: "${token}" },
        ],
      },
      null,
    ],
    [
      "nothing else comes back",
      {
        steps: [
          { type: "call", call: "login" },
          { type: "sleep", sleep: "${user}" },
        ],
      },
      "nothing sets `user`",
    ],
    ["an unknown fragment", { steps: [{ type: "call", call: "logn" }] }, "Did you mean `login`?"],
    [
      "an unknown parameter",
      { steps: [{ type: "call", config: { fragment: "login", params: { usr: 1 } } }] },
      "has no parameter `usr`; it has user, password",
    ],
    ["a missing parameter", { steps: [{ type: "call", call: "strict" }] }, "needs the parameter `id`"],
    [
      "an unknown result",
      { steps: [{ type: "call", config: { fragment: "login", results: ["tokn"] } }] },
      "nothing sets `tokn`",
    ],
    [
      "the caller's items are not seen inside",
      {
        fragments: { f: { steps: [{ type: "sleep", sleep: "${item}" }] } },
        steps: [{ type: "loop", items: [1], steps: [{ type: "call", call: "f" }] }],
      },
      "nothing sets `item`",
    ],
    [
      "the caller's loop is not left from inside",
      {
        fragments: { f: { steps: [{ type: "break" }] } },
        steps: [{ type: "loop", count: 1, steps: [{ type: "call", call: "f" }] }],
      },
      "there is no loop around",
    ],
    [
      "what lives as long as the VU is seen",
      {
        vu_setup: [{ type: "http", http: { url: "http://x" }, extract: [{ name: "t", path: "$.t" }] }],
        fragments: { f: { steps: [{ type: "sleep", sleep: "${t}" }] } },
        steps: [{ type: "call", call: "f" }],
      },
      null,
    ],
    [
      "a fragment that nobody calls is checked",
      { fragments: { f: { steps: [{ type: "sleep", sleep: "${zz}" }] } }, steps: [sleep("s")] },
      "nothing sets `zz`",
    ],
  ];
  test.each(rows)("%s", (_what, workflow, problem) => {
    const problems = problemsOf({ fragments, ...workflow });
    if (problem === null) expect(problems).toEqual([]);
    else expect(problems).toEqual([expect.stringContaining(problem)]);
  });

  test("a circle is refused with its way", () => {
    const call = (name: string): object[] => [{ type: "call", call: name }];
    const circle = {
      a: { steps: call("b") },
      b: { steps: call("c") },
      c: { steps: call("a") },
      self: { steps: call("self") },
    };
    expect(problemsOf({ fragments: circle, steps: call("b") }).toSorted()).toEqual([
      "fragments.a.steps[0].call.fragment: calls go in a circle and would never end: b -> c -> a -> b",
      "fragments.self.steps[0].call.fragment: calls go in a circle and would never end: self -> self",
    ]);
  });

  test("calls that double what they call are counted, not run out of memory", () => {
    const doubling = Object.fromEntries(
      Array.from({ length: 15 }, (_, at) => [
        `f${at}`,
        { steps: at === 14 ? [sleep("s")] : Array.from({ length: 4 }, () => ({ type: "call", call: `f${at + 1}` })) },
      ]),
    );
    expect(problemsOf({ fragments: doubling, steps: [{ type: "call", call: "f0" }] })).toEqual([
      expect.stringMatching(
        /^: the workflow has \d{9} steps, those of every call counted; at most 10000 are accepted$/,
      ),
    ]);
  });

  test("a chain of very many fragments ends with a message", () => {
    const chain = Object.fromEntries(
      Array.from({ length: 5000 }, (_, at) => [`f${at}`, { steps: [{ type: "call", call: `f${(at + 1) % 5000}` }] }]),
    );
    expect(problemsOf({ fragments: chain, steps: [sleep("s")] })[0]).toContain(
      "calls stand inside calls more than 16 deep",
    );
  });
});

describe("calls of other workflow files", () => {
  const files: Readonly<Record<string, string>> = {
    "shop/login.yaml":
      'variables: { user: guest }\noptions: { vus: 5 }\nfragments: { f: { steps: [{ id: inner, type: sleep, sleep: 1s }] } }\nsteps:\n  - { type: call, call: f }\n  - { type: call, config: { workflow: ./deep/a.json, params: { x: "${user}" } } }\n',
    "shop/deep/a.json": '{"variables": {"x": 1}, "steps": [{"id": "deep", "type": "sleep", "sleep": "${x}"}]}',
    "bad.yaml": "variables: { a: 1 }\nsetup: []\nsteps:\n  - { type: sleep, sleep: '${b}' }\n  - { type: slep }\n",
    "circle.yaml": "steps: [{ type: call, config: { workflow: test.yaml } }]\n",
    "syntax.yaml": "steps: [\n",
    "scenarios.yaml": "scenarios: { a: { steps: [{ type: sleep, sleep: 1s }] } }\n",
    "http.yaml": "steps: [{ id: get, type: http, http: { url: /x, body: { file: body.txt } } }]\n",
    "taken.yaml": "steps: [{ id: mine, type: sleep, sleep: 1s }]\n",
  };
  const options: Partial<LoadOptions> = {
    files: filesOf((name) => {
      const text = files[name];
      if (text === undefined) throw new Error("there is no such file");
      return text;
    }),
  };
  const call = (config: object): object => ({ type: "call", config });
  const problems = (config: object): string[] => {
    const loaded = loadWorkflowObject(
      { steps: [sleep("mine"), call(config)] },
      { env: {}, fileName: "test.yaml", ...options },
    );
    return ("problems" in loaded ? loaded.problems : loaded.warnings).map(({ path, message }) => `${path}: ${message}`);
  };

  test("its steps stand in the call, names are relative to each file, variables are parameters", () => {
    const [loaded] = load({ steps: [call({ workflow: "shop/login.yaml", params: { user: "ann" } })] }, options)
      .scenarios[0]?.steps ?? [undefined];
    expect(shorten(loaded?.config ?? {})).toEqual({
      params: { user: "ann" },
      defaults: [],
      declared: [],
      returns: [],
      steps: ["call_2", "call_3"],
    });
    const inside = (loaded?.config["steps"] ?? []) as unknown as readonly Step[];
    expect(shorten(inside[1]?.config ?? {})).toMatchObject({ params: { x: "${user}" }, steps: ["deep"] });
  });

  test("-e values win over its variables", () => {
    const [loaded] = load(
      { steps: [call({ workflow: "shop/login.yaml" })] },
      { ...options, variables: { user: "from -e" } },
    ).scenarios[0]?.steps ?? [undefined];
    expect(loaded?.config["defaults"]).toEqual([["user", "from -e"]]);
  });

  const rows: readonly (readonly [workflow: string, messages: readonly string[]])[] = [
    [
      "bad.yaml",
      [
        "steps[1].config.workflow: bad.yaml:2:1: setup: `setup` of a called workflow is left out: that of the calling one holds",
        "steps[1].config.workflow: bad.yaml:4:27: steps[0].sleep.duration: nothing sets `b`: it is no variable, no -e value, not extracted by a step and no step's id. Did you mean `a`?",
        expect.stringContaining("bad.yaml:5:13: steps[1].type: there is no step type `slep`") as unknown as string,
      ],
    ],
    [
      "circle.yaml",
      [
        "steps[1].config.workflow: circle.yaml:1:43: steps[0].config.workflow: calls go in a circle and would never end: test.yaml -> circle.yaml -> test.yaml",
      ],
    ],
    ["nowhere.yaml", ["steps[1].config.workflow: `nowhere.yaml` cannot be read: there is no such file"]],
    [
      "syntax.yaml",
      [expect.stringMatching(/^steps\[1\]\.config\.workflow: syntax\.yaml:\d+:\d+: /) as unknown as string],
    ],
    ["scenarios.yaml", [expect.stringContaining("a workflow with `scenarios` cannot be called") as unknown as string]],
    ["taken.yaml", [expect.stringContaining("the id `mine` is used twice, first by steps[0]") as unknown as string]],
  ];
  test.each(rows)("problems of %s are told at the call", (workflow, messages) => {
    expect(problems({ workflow }).toSorted()).toEqual(messages);
  });

  test("files that it names are looked for beside it", () => {
    const asked: string[] = [];
    const readFile = (name: string): string => {
      asked.push(name);
      return name === "sub/http.yaml" ? (files["http.yaml"] ?? "") : "text";
    };
    const workflow = load(
      { options: { http: { base_url: "http://x" } }, steps: [call({ workflow: "sub/http.yaml" })] },
      { files: filesOf(readFile) },
    );
    expect(asked).toEqual(["sub/http.yaml"]);
    expect(workflow.files).toEqual([{ name: "sub/body.txt", size: 1, hash: null }]);
  });
});

describe("rendezvous", () => {
  const meet = (config: object): object => ({ id: "m", type: "rendezvous", config });
  test.each([
    [{ count: 3 }, { count: 3, timeout: 30_000 }],
    [
      { all: true, timeout: "2s" },
      { count: null, timeout: 2_000 },
    ],
    [
      { count: 1, timeout: "${wait}" },
      { count: 1, timeout: "${wait}" },
    ],
  ])("%j", (config, resolved) => {
    const workflow = { variables: { wait: "1s" }, steps: [meet(config)] };
    expect(load(workflow).scenarios[0]?.steps[0]?.config).toEqual(resolved);
  });

  test.each([
    [{ steps: [meet({})] }, "steps[0].config: say how many VUs are to meet: `count: 10` or `all: true`"],
    [{ steps: [meet({ count: 2, all: true })] }, "steps[0].config.all: `count` and `all` exclude each other; keep one"],
    [
      { steps: [meet({ count: 0 })] },
      "steps[0].config.count: `0` is not accepted here; it takes a whole number from 1",
    ],
    [
      { setup: [{ type: "group", steps: [meet({ count: 2 })] }], steps: [sleep("a")] },
      "setup: `m`: setup runs once, nobody else comes to a rendezvous there",
    ],
    [
      { options: { rate: 5, duration: "1s" }, steps: [meet({ all: true })] },
      "options: `m`: in mode constant-arrival-rate VUs rest until an iteration is due, so that all of them never meet; give a `count`",
    ],
  ])("%j is refused", (workflow, problem) => {
    expect(problemsOf(workflow)).toEqual([problem]);
  });
});

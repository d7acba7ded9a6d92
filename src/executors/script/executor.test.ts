import { expect, test } from "vitest";
import { startHttpTarget } from "../../../test/support/http-steps.ts";
import { scriptStep, startScriptedFlow } from "../../../test/support/scripted-flow.ts";

/** Runs one script and gives what it set as `result`, with what failed. */
async function runScript(script: string, head = "", inputs: Parameters<typeof startScriptedFlow>[1] = {}) {
  const flow = await startScriptedFlow(`${head}steps:\n${scriptStep("s", script)}`, inputs);
  const vu = flow.createVu();
  const outcome = await flow.iterate(vu);
  return { outcome, result: vu.variables.get("result"), cut: flow.cut(), logged: flow.logged, vu };
}

const values: readonly (readonly [what: string, script: string, result: unknown])[] = [
  ["ctx is vars", `ctx.SetVariable("a", [1]); vars.set("result", ctx.GetVariable("a"))`, [1]],
  [
    "has and del",
    `vars.set("a", 1); const before = vars.has("a"); vars.del("a"); vars.set("result", [before, vars.has("a"), vars.get("a") ?? null])`,
    [true, false, null],
  ],
  ["variables of the workflow", `vars.set("result", vars.get("user").name + vars.get("made"))`, "Änne-Änne"],
  ["computed names", `vars.set("result", vars.get("us" + "er").name)`, "Änne"],
  ["digits beyond 2^53", `vars.set("result", vars.get("long") + 1n)`, 12345678901234567891n],
  [
    "no trace of Node",
    `vars.set("result", [typeof process, typeof require("m").x, typeof fetch, typeof Buffer])`,
    ["undefined", "number", "undefined", "undefined"],
  ],
  ["env and secret", `vars.set("result", env.PLACE + secret.KEY.length)`, "cn8"],
  [
    "hashes",
    `vars.set("result", [crypto.md5("a"), crypto.hash("sha256", "é", "base64url").slice(0, 8)])`,
    ["0cc175b9c0f1b6a831c399e269772661", "SplVfkAz"],
  ],
  [
    "hmac",
    `vars.set("result", crypto.hmac("sha256", "key", "data"))`,
    "5031fe3d989c6d1537a013fa6e739da23463fdaec3b70137d828e36ace221bd0",
  ],
  [
    "bytes",
    `vars.set("result", [...crypto.sha1(new Uint8Array([255, 0]), "bytes")].length + crypto.randomBytes(3).length)`,
    23,
  ],
  [
    "uuid",
    `vars.set("result", /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(crypto.uuid()))`,
    true,
  ],
  ["base64", `vars.set("result", atob(btoa("你好")))`, "你好"],
  ["libs", `const { twice } = require("m"); vars.set("result", twice(21))`, 42],
  ["sleep", `const at = Date.now(); await sleep("30ms"); vars.set("result", Date.now() - at >= 29)`, true],
  [
    "names of errors can be set",
    `class Mine extends Error { constructor(m) { super(m); this.name = "Mine"; } }\nvars.set("result", String(new Mine("x")))`,
    "Mine: x",
  ],
  ["who runs it", `vars.set("result", [vu.id, vu.iteration, iteration])`, [1, 0, 0]],
  [
    "expectations",
    `const t = (f) => pm.test("t", f); vars.set("result", [
    t(() => pm.expect([1, 2]).to.include(2)), t(() => pm.expect({ a: { b: 1 } }).to.eql({ a: { b: 1 } })),
    t(() => pm.expect("x").to.not.equal("x")), t(() => pm.expect(3).to.be.above(2).and.below(4)),
    t(() => pm.expect({ a: 1 }).to.have.property("a", 2)), t(() => pm.expect(null).to.be.null), t(() => pm.expect([]).to.be.an("array").that.is.empty)])`,
    [true, true, false, true, false, true, true],
  ],
];

test.each(values)("%s", async (_what, script, result) => {
  const head =
    "variables: { user: { name: Änne }, made: '-${user.name}', long: 12345678901234567890 }\n" +
    "libs:\n  m: |\n    exports.x = 1;\n    exports.twice = (n) => 2 * n;\n";
  const run = await runScript(script, head, { env: { PLACE: "cn" }, secrets: { KEY: "hunter22" } });
  expect(run.cut.errors).toEqual({});
  expect([run.outcome, run.result]).toEqual(["passed", result]);
});

const failures: readonly (readonly [what: string, script: string, error: string])[] = [
  ["a function returned", "return () => 1;", "TypeError: what the script returns cannot be a function or a symbol"],
  ["a symbol returned", "return Symbol('x');", "TypeError: what the script returns cannot be a function or a symbol"],
  [
    "a throw, with its place",
    "const a = 1;\nnull.x;",
    "script: TypeError: cannot read property 'x' of null (line 2, column 5)",
  ],
  [
    "a throw after a wait",
    "await sleep(1);\nthrow new RangeError('no');",
    "script: RangeError: no (line 2, column 21)",
  ],
  ["something that is no error", "throw { code: 7 };", 'script: the script threw {"code":7}'],
  [
    "toString that throws",
    "throw { toString() { throw 1; }, toJSON() { throw 2; } };",
    "script: the script threw (a value without a text)",
  ],
  [
    "a result that cannot be read",
    "return { toJSON() { throw new Error('deep'); } };",
    "script: Error: deep (line 1, column 36)",
  ],
  [
    "a promise that nobody keeps",
    "await new Promise(() => {});",
    "script: the script waits for a promise that nothing can fulfil any more",
  ],
  ["an undeclared name", "leaked = 1;", "script: ReferenceError: 'leaked' is not defined (line 1, column 1)"],
  ["eval", "eval('1')", "script: ReferenceError: 'eval' is not defined (line 1, column 1)"],
  ["Function", "new Function('return 1')()", "script: TypeError: scripts cannot make code out of text"],
  [
    "an undeclared metric",
    "metrics.trend('t').add(1)",
    "script: TypeError: declare the metric first: metrics: { t: trend }",
  ],
  ["a bad variable name", "vars.set('1 x', 1)", "script: TypeError: a variable's name is a letter"],
  ["an unknown lib", "require('fs')", 'script: Error: there is no lib "fs"; libs has none'],
  ["a bad URL", "await http.get('ftp://x')", "script: TypeError: `ftp://x` is no http:// or https:// URL"],
  [
    "an unknown option",
    "await http.get('http://localhost', { heders: {} })",
    "script: TypeError: http knows no option heders",
  ],
];

test.each(failures)("%s fails the step", async (_what, script, error) => {
  const { outcome, cut } = await runScript(script);
  expect(outcome).toBe("failed");
  expect(Object.keys(cut.errors)).toHaveLength(1);
  expect(Object.keys(cut.errors)[0]).toContain(error);
  expect(cut.values["step_failed"]).toBe("1/1");
});

test("what a script returns is its step's output", async () => {
  const flow = await startScriptedFlow(
    `steps:\n${scriptStep("a", "return { list: [1, 2n ** 70n] }", "extract: [{ name: first, from: json, path: '$.list[0]' }]")}` +
      scriptStep(
        "b",
        'vars.set("seen", 1); return "text"',
        "condition: first == 1 && a.output.list[1] == 1180591620717411303424",
      ),
  );
  const vu = flow.createVu();
  expect(await flow.iterate(vu)).toBe("passed");
  expect(vu.variables.get("seen")).toBe(1);
});

test("checks and metrics of all four types are recorded with the step's tags", async () => {
  const { cut } = await runScript(
    `check("one", 1); check("two", () => { throw 1; }); check({ s: 1 }, { "k6 form": (r) => r.s === 1 });
     metrics.trend("t").add(1.5); metrics.counter("c").add(); metrics.counter("c").add(4);
     metrics.gauge("g").set(-2.5); metrics.rate("r").add(true); metrics.rate("r").add(0);`,
    "metrics: { t: trend, c: counter, g: gauge, r: rate }\n",
  );
  expect(cut.errors).toEqual({});
  expect(cut.values).toMatchObject({
    "checks{one}": "1/1",
    "checks{two}": "0/1",
    "checks{k6 form}": "1/1",
    t: 1500,
    c: 5,
    g: -2.5,
    r: "1/2",
  });
});

test("the console goes to the log, secrets masked, and never without end", async () => {
  const script = `console.log("key", secret.KEY, { a: 1 }); console.error(new Error("bad"));
    for (let i = 0; i < 100000; i++) console.log("x".repeat(1000));`;
  const { outcome, logged } = await runScript(script, "", { secrets: { KEY: "hunter22" } });
  expect(outcome).toBe("passed");
  expect(logged.slice(0, 2)).toEqual([
    'info key *** {"a":1} {"step":"s","vu":1}',
    'error Error: bad {"step":"s","vu":1}',
  ]);
  expect(logged.length).toBeLessThan(100);
  expect(logged.at(-1)).toContain("the rest is left out");
});

test("requests use the VU's session and are measured like those of http steps", async () => {
  const target = await startHttpTarget(({ url, headers }, response) => {
    if (url === "/login") response.setHeader("set-cookie", "sid=7; Path=/");
    response.setHeader("content-type", "application/json");
    response.statusCode = url === "/missing" ? 404 : 200;
    response.end(JSON.stringify({ url, cookie: headers.cookie ?? null, type: headers["content-type"] ?? null }));
  });
  const flow = await startScriptedFlow(
    `http: { base_url: "${target.url}", headers: { x-common: "\${vu.id}" } }
steps:
  - { id: login, type: http, config: { url: /login } }
${scriptStep(
  "s",
  `const seen = [response.status, response.json().url];
  const posted = await http.post("/echo", { json: { a: 1 }, query: { q: "ä b" }, headers: { "x-own": ["1", "2"] } });
  const missing = await http.get("/missing");
  vars.set("result", [seen, posted.output, missing.status, missing.ok, missing.error_code, response.status_code]);`,
)}
  - { id: after, type: http, condition: "response.status_code == 404", config: { url: "/after" } }
`,
  );
  const vu = flow.createVu();
  expect(await flow.iterate(vu)).toBe("passed");
  expect(vu.variables.get("result")).toEqual([
    [200, "/login"],
    { url: "/echo?q=%C3%A4%20b", cookie: "sid=7", type: "application/json" },
    404,
    false,
    "http_404",
    404,
  ]);
  expect(target.seen.map(({ method, url, connection }) => `${method} ${url} ${connection}`)).toEqual([
    "GET /login 1",
    "POST /echo?q=%C3%A4%20b 1",
    "GET /missing 1",
    "GET /after 1",
  ]);
  expect(target.seen.map(({ headers }) => headers["x-common"])).toEqual(["1", "1", "1", "1"]);
  expect(target.seen[1]?.headers["x-own"]).toBe("1, 2");
  flow.scenario.closeVu(vu);
  await target.close();
});

test("nothing that one run changes is seen by another", async () => {
  const flow = await startScriptedFlow(
    `libs:\n  count: |\n    let n = 0;\n    exports.next = () => ++n;\nsteps:\n${scriptStep(
      "s",
      `const tries = {
         array: () => { Array.prototype.evil = 1; }, object: () => { Object.prototype.evil = 1; }, global: () => { globalThis.evil = 1; },
         vars: () => { vars.get = () => 1; }, json: () => { JSON.parse = () => 1; }, promise: () => { Promise.prototype.then = 1; },
         define: () => Object.defineProperty(Object.prototype, "evil", { value: 1 }), proto: () => Object.setPrototypeOf(globalThis, {}),
         generator: () => { Object.getPrototypeOf(function* () {}).prototype.evil = 1; }, console: () => { console.log = 1; }, lib: () => { require("count").next(); throw 1; },
         make: () => (async () => {}).constructor("return 1"), env: () => { env.A = 2; }, constructor: () => { ({}).constructor.evil = 1; },
       };
       const through = [];
       for (const [name, attempt] of Object.entries(tries)) { try { attempt(); through.push(name); } catch {} }
       vars.set("result", [through, typeof evil, [].evil ?? null, require("count").next()]);`,
    )}`,
    { env: { A: "1" } },
  );
  for (let round = 0; round < 3; round++) {
    const vu = flow.createVu();
    expect(await flow.iterate(vu)).toBe("passed");
    expect(vu.variables.get("result")).toEqual([[], "undefined", null, 2]);
  }
});

test("a script is a hook; what it sets is there for the step", async () => {
  const target = await startHttpTarget((request, response) => response.end(request.url));
  const flow = await startScriptedFlow(`steps:
  - id: get
    type: http
    config: { url: "${target.url}/\${word}" }
    pre_hook: { type: script, script: 'ctx.SetVariable("word", "你好")' }
    post_hook: { type: script, script: 'ctx.SetVariable("status", response.status_code)' }
  - { id: next, type: http, condition: "status == 200 && response.body == '/%E4%BD%A0%E5%A5%BD'", config: { url: "${target.url}/next" } }
`);
  const vu = flow.createVu();
  expect(await flow.iterate(vu)).toBe("passed");
  expect(target.seen.map(({ url }) => url)).toEqual(["/%E4%BD%A0%E5%A5%BD", "/next"]);
  flow.scenario.closeVu(vu);
  await target.close();
});

test("what target lists refuse is refused to scripts too, and without a lease nothing begins", async () => {
  const target = await startHttpTarget((_request, response) => response.end());
  let hasLease = true;
  const flow = await startScriptedFlow(
    `steps:\n${scriptStep("s", `const seen = await http.get("${target.url}/");\nvars.set("result", [seen.status, seen.error_code]);`)}`,
    {},
    { maySend: () => hasLease, refuses: () => "it is not in slave.targets" },
  );
  const vu = flow.createVu();
  expect(await flow.iterate(vu)).toBe("passed");
  expect(vu.variables.get("result")).toEqual([0, 1111]);
  hasLease = false;
  expect(await flow.iterate(vu)).toBe("interrupted");
  expect(target.seen).toEqual([]);
  flow.scenario.closeVu(vu);
  await target.close();
});

test("a script is no response: the answer before it stays the latest", async () => {
  const target = await startHttpTarget((_request, response) => response.end("first"));
  const flow = await startScriptedFlow(
    `steps:\n  - { id: get, type: http, config: { url: "${target.url}/" } }\n${scriptStep("s", "return 1")}` +
      scriptStep("t", 'vars.set("seen", response.body)', "condition: 'response.body == \"first\"'"),
  );
  const vu = flow.createVu();
  expect(await flow.iterate(vu)).toBe("passed");
  expect(vu.variables.get("seen")).toBe("first");
  flow.scenario.closeVu(vu);
  await target.close();
});

test.each([
  [
    "a script",
    "steps: [{ id: s, type: script, script: 'using x = null;' }]",
    "steps[0].script.script: the script has a syntax error at its line 1, column 7: the sandbox knows JavaScript as of 2024",
  ],
  [
    "a lib",
    "libs: { a: 'using x = null;' }\nsteps: [{ type: script, script: return 1 }]",
    "libs.a: the script has a syntax error at its line 1, column 7: the sandbox knows JavaScript as of 2024",
  ],
])("what the sandbox does not know of %s is a problem of the workflow", async (_what, text, message) => {
  await expect(startScriptedFlow(text)).rejects.toThrow(message);
});

test("requests of a script take auth, query and expected statuses from options.http as http steps do", async () => {
  const target = await startHttpTarget(({ url }, response) => {
    response.statusCode = url.includes("teapot") ? 418 : 200;
    response.end("{}");
  });
  const flow = await startScriptedFlow(
    `variables: { key: "a b" }\noptions: { http: { base_url: "${target.url}", auth: { bearer: "t-\${key}" }, query: { key: "\${key}" }, expect_status: [418] } }\nsteps:\n` +
      scriptStep(
        "s",
        `const codes = [];
         for (const [url, options] of [["/teapot?x=1", { query: { y: 2 } }], ["/fine", { auth: null }], ["/fine", { expect_status: 200, auth: { bearer: "own" } }], ["/teapot", { headers: { Authorization: "mine" } }]])
           codes.push((await http.get(url, options)).ok);
         vars.set("codes", codes.join());`,
      ) +
      `  - { id: step, type: http, on_error: skip, config: { url: "/teapot?x=1", query: { y: 2 } } }\n`,
  );
  const vu = flow.createVu();
  await flow.iterate(vu);
  expect(vu.variables.get("codes")).toBe("true,false,true,true");
  const seen = target.seen.map(({ url, headers }) => `${url} ${String(headers["authorization"])}`);
  expect(seen).toEqual([
    "/teapot?x=1&key=a%20b&y=2 Bearer t-a b",
    "/fine?key=a%20b undefined",
    "/fine?key=a%20b Bearer own",
    "/teapot?key=a%20b mine",
    "/teapot?x=1&key=a%20b&y=2 Bearer t-a b",
  ]);
  flow.scenario.closeVu(vu);
  await target.close();
});

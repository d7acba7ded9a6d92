import { expect, test } from "vitest";
import { startHttpTarget } from "../../../test/support/http-steps.ts";
import { type ScriptedFlow, scriptStep, startScriptedFlow } from "../../../test/support/scripted-flow.ts";

/** A step whose script may take so long; default: longer than a test. */
const within = (step: string, timeout = "10m") =>
  step.replaceAll("    config:\n", `    config:\n      timeout: ${timeout}\n`);

/** What a hostile script does, and its error: with a timeout of 300 ms where that may be the timeout's. */
const hostile: readonly (readonly [what: string, script: string, error: RegExp])[] = [
  ["endless loop", "for (;;);", /^timeout: /],
  ["endless loop that catches", "for (;;) try { for (;;); } catch {} finally { continue; }", /^timeout: /],
  ["allocation bomb", "const all = []; for (;;) all.push('x'.repeat(1e5) + all.length);", /^(timeout|script): /],
  ["array bomb", "let a = [1]; for (;;) a = [...a, ...a];", /^(timeout|script): /],
  ["deep recursion", "const f = () => f(); f();", /^script: .*(stack|recursion)/],
  ["deep recursion that catches", "const f = () => { try { f(); } catch { f(); } }; f();", /^(timeout|script): /],
  ["backtracking", "return /^(a+)+$/.test('a'.repeat(60) + 'b');", /^(timeout|script): /],
  ["BigInt bomb", "let n = 3n ** 600000n; for (;;) n = (n * n) % (7n ** 300000n);", /^(timeout|script): /],
  ["BigInt text", "let t = ''; for (;;) t = (3n ** 600000n).toString();", /^(timeout|script): /],
  ["a native loop", "Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);", /^timeout: /],
  ["a native join", "new Array(2 ** 27).join('x').length;", /^(timeout|script): /],
  [
    "a native sort",
    // Few enough that only its time can end it: of a million the memory may be over first.
    "for (;;) Array.from({ length: 2e5 }, (_, i) => (i * 7919) % 1000003).sort((x, y) => x - y);",
    /^timeout: /,
  ],
  [
    "microtask flood",
    "const flood = () => Promise.resolve().then(flood); flood(); await new Promise(() => {});",
    /^timeout: /,
  ],
  [
    "microtask flood that is left behind",
    "const flood = () => { Promise.resolve().then(flood); }; flood(); return 1;",
    /^timeout: /,
  ],
  ["async recursion", "const f = async () => { await f(); }; await f();", /^(timeout|script): /],
  ["text bomb", "const all = []; for (;;) all.push('x'.repeat(1e6));", /^(timeout|script): /],
  ["huge text", "let s = 'x'; for (;;) s += s;", /^script: /],
  ["huge result", "return 'x'.repeat(5e6);", /^script: .*larger/],
  ["huge variable", "vars.set('a', 'x'.repeat(5e6));", /^script: .*larger/],
  ["deep result", "let d = []; for (let i = 0; i < 1e5; i++) d = [d]; return d;", /^(timeout|script): /],
  ["a promise that nobody keeps", "await new Promise(() => {});", /^script: /],
  ["thenables", "return { then(f) { f(this); } };", /^timeout: /],
  ["a getter that spins", "return { get then() { for (;;); } };", /^timeout: /],
  ["a proxy", "return new Proxy({}, { ownKeys() { for (;;); } });", /^timeout: /],
  ["a toString that spins", "throw { toString() { for (;;); }, toJSON() { for (;;); } };", /^timeout: /],
  ["too many checks", "for (;;) check('a', true);", /^script: .*at most/],
  ["sleeping too long", "await sleep('10m');", /^timeout: /],
  ["a generator", "function* g() { for (;;) yield 1; } return [...g()];", /^(timeout|script): /],
  ["JSON", "const text = '['.repeat(1e6); for (;;) try { JSON.parse(text); } catch {}", /^timeout: /],
  ["Date", "for (;;) new Date(NaN).toString() + Math.random();", /^timeout: /],
  ["hashes", "for (;;) crypto.sha512('x'.repeat(1e6));", /^timeout: /],
];

test("hostile scripts are stopped on time, and scripts of other VUs go on", async () => {
  const isOther = "condition: 'vu.id < 1000'";
  const victim = within(scriptStep("fine", "vars.set('n', (vars.get('n') ?? 0) + 1); return 1;", isOther));
  const waits = within(scriptStep("waits", "for (let i = 0; i < 3; i++) await sleep(20); return 2;", isOther));
  // Where a script fails by itself it gets the time for it, also on a busy machine, where it has a low claim on the processor.
  const steps = hostile.map(([, script, error], place) =>
    within(
      scriptStep(`h${place}`, script, `condition: 'vu.id == ${1000 + place}'`),
      error.test("timeout: ") ? "300ms" : "10m",
    ),
  );
  const flow = await startScriptedFlow(`steps:\n${steps.join("")}${victim}${waits}`);
  let done = false;
  let rounds = 0;
  let lost = 0;
  const others = Promise.all(
    Array.from({ length: 4 }, async () => {
      const vu = flow.createVu();
      while (!done) {
        if ((await flow.iterate(vu)) !== "passed") lost++;
        rounds++;
      }
    }),
  );
  const seen: Record<string, unknown> = {};
  for (const [place, [what, , error]] of hostile.entries()) {
    const at = performance.now();
    const outcome = await runOne(flow, place);
    const ms = performance.now() - at;
    const [message = "", ...more] = Object.keys(flow.cut().errors);
    if (more.length > 0) seen[`${what} and others`] = more;
    // One that is not stopped goes on for ever; how late it is stopped depends on the machine.
    const isLate = error.test("timeout: ") && ms > 12_000;
    if (outcome !== "failed" || !error.test(message) || isLate) seen[what] = { outcome, message, ms };
  }
  // Others go on as long as a script spins.
  while (rounds <= 50) expect(await runOne(flow, 0)).toBe("failed");
  done = true;
  await others;
  expect(seen).toEqual({});
  expect(lost).toBe(0);
}, 300_000);

async function runOne(flow: ScriptedFlow, pick: number) {
  return flow.iterate(flow.createVu(1000 + pick));
}

test("thousands of requests that nobody waits for are refused", async () => {
  const target = await startHttpTarget((_request, response) => response.end("{}"));
  const flow = await startScriptedFlow(
    `steps:\n${scriptStep("s", `const all = Array.from({ length: 5000 }, () => http.get("${target.url}/"));\nawait Promise.all(all);`)}`,
  );
  const vu = flow.createVu();
  expect(await flow.iterate(vu)).toBe("failed");
  expect(Object.keys(flow.cut().errors)).toEqual([
    expect.stringContaining("script: RangeError: a script may wait for at most 100 requests at once"),
  ]);
  expect(target.seen.length).toBeLessThanOrEqual(100);
  flow.scenario.closeVu(vu);
  await target.close();
});

test("requests under way when a script ends are finished and measured as part of the step", async () => {
  const target = await startHttpTarget((_request, response) => void setTimeout(() => response.end("{}"), 50));
  const flow = await startScriptedFlow(`steps:\n${scriptStep("s", `http.get("${target.url}/"); return 1;`)}`);
  const vu = flow.createVu();
  expect(await flow.iterate(vu)).toBe("passed");
  expect(flow.cut().values["http_reqs"]).toBe(1);
  flow.scenario.closeVu(vu);
  await target.close();
});

test("runs that wait on the thread of a stuck one move, and do nothing twice", async () => {
  let answer: (() => void) | null = null;
  const target = await startHttpTarget(({ url }, response) => {
    if (url.startsWith("/held")) answer = () => response.end("{}");
    else response.end("{}");
  });
  const waits = scriptStep(
    "waits",
    `console.log("begins"); check("one", true); vars.set("first", Math.random() + crypto.uuid());
     await http.get("${target.url}/one"); metrics.counter("c").add(1); const before = vars.get("first");
     const held = await http.get("${target.url}/held");
     console.log("ends"); vars.set("same", before === vars.get("first")); return held.status;`,
    "condition: 'vu.id != 1001'",
  );
  const spins = "Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);";
  const flow = await startScriptedFlow(
    `metrics: { c: counter }\nsteps:\n${within(waits + scriptStep("stuck", spins, "condition: 'vu.id == 1001'"))}`,
  );
  const vu = flow.createVu();
  const waiting = flow.iterate(vu);
  await expect.poll(() => answer).not.toBeNull();
  const first = vu.variables.get("first");
  let isStuck = true;
  const stuck = runOne(flow, 1).finally(() => (isStuck = false));
  // The time itself is what counts: long enough for the stuck one to be found out, far from its timeout.
  await new Promise((resolve) => void setTimeout(resolve, 200));
  (answer as unknown as () => void)();
  const outcome = await waiting;
  const early = flow.cut();
  expect({ outcome, errors: early.errors }).toEqual({ outcome: "passed", errors: {} });
  expect(isStuck).toBe(true);
  flow.stop.abort();
  expect(await stuck).toBe("interrupted");
  expect(vu.variables.get("first")).toBe(first);
  expect(vu.variables.get("same")).toBe(true);
  expect(flow.logged.map((line) => line.split(" ")[1])).toEqual(["begins", "ends"]);
  expect(target.seen.map(({ url }) => url)).toEqual(["/one", "/held"]);
  const { values } = early;
  expect([values["c"], values["checks{one}"], values["http_reqs"]]).toEqual([1, "1/1", 2]);
  expect(flow.cut().errors).toEqual({});
  flow.scenario.closeVu(vu);
  await target.close();
});

test("others go on beside two stuck scripts, and beside more of the same", async () => {
  const stuckStep = (id: number) => scriptStep(`stuck${id}`, `for (;;); // ${id}`, `condition: 'vu.id == ${id}'`);
  const fine = scriptStep("fine", "await sleep(1); return 1", "condition: 'vu.id < 1000'");
  const flow = await startScriptedFlow(`steps:\n${within(fine + stuckStep(1000) + stuckStep(1001))}`);
  const vu = flow.createVu();
  const ended: string[] = [];
  const begin = async (place: number) => void ended.push(await runOne(flow, place));
  const stuck = [begin(0), begin(1)];
  // What waited behind a stuck script would wait for ten minutes; how long the others wait at most is the bench's matter.
  for (let round = 0; round < 40; round++) {
    if (round === 10) stuck.push(...Array.from({ length: 6 }, (_, place) => begin(place % 2)));
    expect(await flow.iterate(vu)).toBe("passed");
  }
  expect(ended).toEqual([]);
  flow.stop.abort();
  await Promise.all(stuck);
  expect(ended).toEqual(stuck.map(() => "interrupted"));
}, 300_000);

test("runs beside one that takes all memory do not fail with it", async () => {
  const bombs = [1000, 1001].map((id) =>
    within(
      scriptStep(
        `bomb${id}`,
        `const all = []; try { for (;;) all.push("x".repeat(1e5) + all.length); } catch {} for (;;) all.push(${id});`,
        `condition: 'vu.id == ${id}'`,
      ),
      "10s",
    ),
  );
  const keeps = scriptStep(
    "fine",
    "const kept = 'y'.repeat(2e6) + Math.random(); for (let i = 0; i < 3; i++) await sleep(20); return kept.length",
    "condition: 'vu.id < 1000'",
  );
  const flow = await startScriptedFlow(`steps:\n${within(keeps)}${bombs.join("")}`);
  let done = false;
  const outcomes = new Map<string, number>();
  const fine = Promise.all(
    Array.from({ length: 8 }, async () => {
      const vu = flow.createVu();
      while (!done) {
        const outcome = await flow.iterate(vu);
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
    }),
  );
  const failed = await Promise.all(Array.from({ length: 6 }, async (_, place) => runOne(flow, place % 2)));
  done = true;
  await fine;
  expect(failed).toEqual(failed.map(() => "failed"));
  // They have a low claim on the processor and wait for each other: on a busy machine their time may end first.
  for (const error of Object.keys(flow.cut().errors))
    expect(error).toMatch(/^(script: it takes more than 64 MiB of memory|timeout: the script was stopped after 10s)/);
  expect([...outcomes.keys()]).toEqual(["passed"]);
}, 300_000);

test("a script that takes memory without end is stopped by its memory, not by its time", async () => {
  const takes = scriptStep("s", "const all = []; for (;;) all.push('x'.repeat(1e5) + all.length);");
  const flow = await startScriptedFlow(`steps:\n${within(takes)}`);
  expect(await flow.iterate()).toBe("failed");
  const [message = ""] = Object.keys(flow.cut().errors);
  expect(message).toMatch(/^script: (it takes more than 64 MiB of memory|InternalError: out of memory)/);
}, 300_000);

test("scripts that compute for long without being hostile all end, beside quick ones", async () => {
  const fine = scriptStep("fine", "return 1", "condition: 'vu.id != 1001'");
  const computes = "const end = Date.now() + 150; while (Date.now() < end); return 2;";
  const flow = await startScriptedFlow(
    `steps:\n${within(fine + scriptStep("heavy", computes, "condition: 'vu.id == 1001'"))}`,
  );
  let done = false;
  let rounds = 0;
  const quick = (async () => {
    const vu = flow.createVu();
    for (; !done; rounds++) expect(await flow.iterate(vu)).toBe("passed");
  })();
  // As long as others compute, and never alone, the quick ones go on.
  const compute = async () => {
    const heavy = await Promise.all(Array.from({ length: 16 }, () => runOne(flow, 1)));
    expect(heavy).toEqual(heavy.map(() => "passed"));
  };
  do await compute();
  while (rounds <= 20);
  done = true;
  await quick;
}, 300_000);

test("an interruption ends a script at once, whether it computes or waits", async () => {
  const spins = scriptStep("spins", "for (;;);", "condition: 'vu.id != 1001'");
  const waits = scriptStep("waits", "await sleep('10m')", "condition: 'vu.id == 1001'");
  const flow = await startScriptedFlow(`steps:\n${within(spins + waits)}`);
  const outcomes = Promise.all([runOne(flow, 0), runOne(flow, 1)]);
  // One that computes tells nothing before its end: both get the time to be at it, and the result is the same before.
  await new Promise((resolve) => void setTimeout(resolve, 100));
  flow.stop.abort();
  // Left alone one waits for ten minutes, the other computes as long: longer than the test may take.
  expect(await outcomes).toEqual(["interrupted", "interrupted"]);
});

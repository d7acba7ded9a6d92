import variant from "@jitl/quickjs-wasmfile-release-sync";
import { newQuickJSWASMModuleFromVariant, type QuickJSSyncVariant } from "quickjs-emscripten-core";
import { compileFlow, type Flow } from "./support/compile-flow.ts";

// CPU time of a script step, of all threads together, at 50 VUs, beside a bare call into QuickJS and a step that does nothing;
// then what a stuck script does to others. Run: node bench/script.ts

const rounds = 5;

const compile = (steps: string): Promise<Flow> => compileFlow(`steps:\n${steps}`);

/** µs of CPU per iteration, and iterations per second, of so many VUs for so long. */
async function measure({ scenario }: Flow, vus: number, ms: number, first = 1) {
  const signal = new AbortController().signal;
  const end = performance.now() + ms;
  const before = process.cpuUsage();
  const startedAt = performance.now();
  let count = 0;
  const waits: number[] = [];
  await Promise.all(
    Array.from({ length: vus }, async (_, place) => {
      const vu = scenario.createVu(first + place, signal);
      while (performance.now() < end) {
        const at = performance.now();
        if ((await scenario.iteration(vu)) !== "passed") throw new Error("an iteration failed");
        waits.push(performance.now() - at);
        count++;
      }
    }),
  );
  const used = process.cpuUsage(before);
  waits.sort((left, right) => left - right);
  return {
    us: (used.user + used.system) / count,
    rate: count / ((performance.now() - startedAt) / 1000),
    p99: waits[Math.floor(waits.length * 0.99)] ?? 0,
    max: waits.at(-1) ?? 0,
  };
}

async function measureBare(): Promise<number> {
  const driver = await newQuickJSWASMModuleFromVariant(variant as unknown as QuickJSSyncVariant);
  const context = driver.newContext();
  const call = context.unwrapResult(
    context.evalCode("(function (text) { const { n } = JSON.parse(text); return JSON.stringify({ n: n + 1 }); })"),
  );
  const run = (count: number) => {
    for (let round = 0; round < count; round++) {
      const text = context.newString('{"n":1}');
      const result = context.unwrapResult(context.callFunction(call, context.undefined, text));
      context.getString(result);
      result.dispose();
      text.dispose();
    }
  };
  run(20_000);
  const before = process.cpuUsage();
  run(50_000);
  const used = process.cpuUsage(before);
  call.dispose();
  context.dispose();
  return (used.user + used.system) / 50_000;
}

const trivial = await compile('  - { id: s, type: script, config: { script: "return 1" } }\n');
const variables = await compile(
  "  - { id: s, type: script, config: { script: \"vars.set('n', (vars.get('n') ?? 0) + 1)\" } }\n",
);
const waiting = await compile('  - { id: s, type: script, config: { script: "await null; return 1" } }\n');
const empty = await compile("  - { id: s, type: group, config: { steps: [] } }\n");
const rows: [name: string, run: () => Promise<number>][] = [
  ["a bare call into QuickJS, JSON in and out", measureBare],
  ["a step without a script (an empty group)", async () => (await measure(empty, 50, 300)).us],
  ["script: return 1", async () => (await measure(trivial, 50, 1000)).us],
  ["script: one variable read and set", async () => (await measure(variables, 50, 1000)).us],
  ["script: await null; return 1", async () => (await measure(waiting, 50, 1000)).us],
];
const seen = new Map<string, number[]>(rows.map(([name]) => [name, []]));
for (let round = 0; round < rounds; round++) for (const [name, run] of rows) seen.get(name)?.push(await run());
console.log("CPU of all threads, median of 5 interleaved rounds, 50 VUs");
for (const [name, values] of seen) {
  const sorted = values.toSorted((left, right) => left - right);
  console.log(
    name.padEnd(44),
    `${(sorted[2] ?? 0).toFixed(1).padStart(7)} us`,
    `(${sorted[0]?.toFixed(1)}-${sorted[4]?.toFixed(1)})`,
  );
}
for (const flow of [trivial, variables, waiting, empty]) await flow.close();

// VUs from 1000 on are stuck for two seconds each time.
const stuck = await compile(
  "  - { id: fine, type: script, condition: 'vu.id < 1000', config: { script: 'return 1' } }\n" +
    "  - { id: calm, type: sleep, condition: 'vu.id < 1000', sleep: 5ms }\n" +
    "  - { id: stuck, type: script, condition: 'vu.id >= 1000', on_error: skip, config: { timeout: 2s, script: 'for (;;);' } }\n",
);
const idle = await compile("  - { id: calm, type: sleep, sleep: 5ms }\n");
for (const hogs of [0, 1, 4]) {
  const [scripts, others] = await Promise.all([
    measure(stuck, 20, 4000),
    measure(idle, 20, 4000),
    hogs > 0 ? measure(stuck, hogs, 1, 1000) : null,
  ]);
  console.log(
    `${hogs} stuck scripts: an iteration of script and 5 ms sleep p99 ${scripts.p99.toFixed(1)} ms, max ${scripts.max.toFixed(1)} ms;`,
    `one without scripts p99 ${others.p99.toFixed(1)} ms, max ${others.max.toFixed(1)} ms`,
  );
}
for (const flow of [stuck, idle]) await flow.close();

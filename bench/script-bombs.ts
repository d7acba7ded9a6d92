import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { compileFlow } from "./support/compile-flow.ts";

// What two VUs whose scripts take memory without end do to VUs that only send requests, in turns of two seconds with and
// without them, and to the memory of the process. Run: node bench/script-bombs.ts

const turns = 6;
const turnMs = 2000;
const server = createServer((_request, response) => response.end("{}"));
server.listen(0, "127.0.0.1");
await once(server, "listening");
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
const bomb = "const all = []; for (;;) all.push('x'.repeat(1e5) + all.length);";
const flow = await compileFlow(
  `steps:\n  - { id: get, type: http, condition: 'vu.id < 1000', config: { url: '${url}' } }\n` +
    "  - { id: calm, type: sleep, condition: 'vu.id < 1000', sleep: 5ms }\n" +
    `  - { id: bomb, type: script, condition: 'vu.id >= 1000', on_error: skip, config: { timeout: 10s, script: "${bomb}" } }\n`,
);
const { scenario } = flow;
const signal = new AbortController().signal;

/** Iterations of so many VUs until `end`, ms each. */
async function iterate(first: number, count: number, end: number): Promise<number[]> {
  const took: number[] = [];
  await Promise.all(
    Array.from({ length: count }, async (_, place) => {
      const vu = scenario.createVu(first + place, signal);
      while (performance.now() < end) {
        const at = performance.now();
        await scenario.iteration(vu);
        took.push(performance.now() - at);
      }
    }),
  );
  return took;
}

let peak = 0;
const watch = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, 10);
await iterate(1, 20, performance.now() + 1000);
const rows = { without: [] as number[], with: [] as number[] };
const peaks = { without: 0, with: 0 };
let bombs = 0;
for (let turn = 0; turn < turns; turn++) {
  for (const how of ["without", "with"] as const) {
    peak = 0;
    const end = performance.now() + turnMs;
    const bombing = how === "with" ? iterate(1000, 2, end) : Promise.resolve([]);
    rows[how].push(...(await iterate(1, 20, end)));
    bombs += (await bombing).length;
    peaks[how] = Math.max(peaks[how], peak);
  }
}
clearInterval(watch);
for (const how of ["without", "with"] as const) {
  const sorted = rows[how].toSorted((left, right) => left - right);
  const at = (part: number): string => (sorted[Math.floor(sorted.length * part)] ?? 0).toFixed(1);
  console.log(
    `${how} bombs: an http iteration of 5 ms sleep median ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${sorted.at(-1)?.toFixed(1)} ms; ` +
      `peak of the process ${(peaks[how] / 1e6).toFixed(0)} MB`,
  );
}
console.log(`${bombs} bombs went off`);
await flow.close();
server.close();

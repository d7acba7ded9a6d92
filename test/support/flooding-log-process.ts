import { createNodeLog } from "../../src/cli/node-log.ts";
import { createTerminal } from "../../src/cli/terminal.ts";

// Writes far more than anybody reads, tells how long its event loop stood, and ends when stdin does.
const terminal = createTerminal(true);
const { log, close } = createNodeLog({
  logging: { level: "info", format: "json", output: "stdout", file: null },
  terminal,
  mask: (text) => text,
  fields: {},
});
let worstMs = 0;
for (let burst = 0; burst < 100; burst++) {
  for (let line = 0; line < 1_000; line++) log("info", "x".repeat(200));
  const from = performance.now();
  await new Promise((resolve) => setImmediate(resolve));
  worstMs = Math.max(worstMs, performance.now() - from);
}
terminal.tell(`stood ${Math.round(worstMs)} ms\n`);
for await (const _ of process.stdin);
log("info", "the last line");
close();
process.exit(0);

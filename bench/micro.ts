import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { startNginx } from "./support/nginx.ts";

/** Each in a process of its own: what one warms up must not make another faster or slower. */
const scripts = [
  { file: "clock.ts", what: "reading the clock" },
  { file: "histogram.ts", what: "recording, cutting and merging measurements" },
  { file: "http-step.ts", what: "an http step over a client that answers at once" },
  { file: "script.ts", what: "a script step beside a bare call, and what stuck scripts do to others" },
  { file: "parser.ts", what: "reading an answer" },
  { file: "expression.ts", what: "templates and conditions" },
  { file: "flow.ts", what: "the list of steps and what is around a step" },
  { file: "data.ts", what: "reading rows of a file" },
  { file: "vu-loop.ts", what: "the VU loop and the schedulers" },
] as const;

/** Every hot function by itself, then the transport against nginx. */
export async function benchMicro(): Promise<void> {
  for (const { file, what } of scripts) {
    console.log(`## ${file}: ${what}`);
    await runScript(file, []);
  }
  const target = await startNginx("1");
  try {
    console.log("## transport.ts: the client and its sockets");
    await runScript("transport.ts", [String(target.port)]);
  } finally {
    await target.close();
  }
}

async function runScript(file: string, args: readonly string[]): Promise<void> {
  const command = ["-c", "0", process.execPath, join(import.meta.dirname, file), ...args];
  const child = spawn("taskset", command, { stdio: ["ignore", "inherit", "inherit"] });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`${file} ended with ${code}`);
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { get } from "node:http";
import { join } from "node:path";
import { WebSocket } from "ws";
import { type Asker, compareBareAndStep } from "./support/bare-and-step.ts";
import { compileFlow, createAskers } from "./support/compile-flow.ts";

// CPU time and rate of a websocket step (a message and its echo) beside bare ws, and of an sse step (a stream of events to
// its end) beside bare node:http with a split by lines, in turn; the demo target is a process of its own.
// Run: node bench/live.ts [connections] [ms]

const [connections = 10, ms = 1_500] = process.argv.slice(2).map(Number);
const events = 1_000;
const child = spawn(process.execPath, [join(import.meta.dirname, "../src/demo/main.ts")], {
  stdio: ["ignore", "pipe", "inherit"],
});
const [printed] = (await once(child.stdout, "data")) as [Buffer];
const { url } = JSON.parse(printed.toString()) as { url: string };
const data = JSON.stringify({ type: "order", customer: "客户", items: [1, 2, 3] });
const stream = `${url}/events/${events}?every=0`;

async function openSocket(): Promise<Asker> {
  const socket = new WebSocket(`${url}/ws`, { perMessageDeflate: false });
  await once(socket, "open");
  const ask = () =>
    new Promise<string>((resolve) => {
      socket.once("message", (answer: Buffer) => resolve(answer.toString()));
      socket.send(data);
    });
  return { ask, close: () => socket.close() };
}

async function readStream(): Promise<void> {
  const [response] = (await once(get(stream, { agent: false }), "response")) as [AsyncIterable<Buffer>];
  const seen: string[] = [];
  let rest = "";
  for await (const chunk of response) {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith("data: ")) seen.push(line.slice(6));
  }
  if (seen.length !== events) throw new Error(`${seen.length} events came`);
}

/** `messages`: how many one asking brings. */
async function compare(name: string, messages: number, bare: readonly Asker[], step: object): Promise<void> {
  const flow = await compileFlow({ steps: [step] });
  await compareBareAndStep({ name, ms, messages, bare, steps: createAskers(flow, connections) });
  await flow.close();
}

const sockets = await Promise.all(Array.from({ length: connections }, openSocket));
await compare("websocket", 1, sockets, { type: "websocket", config: { url: `${url}/ws`, data, count: 1 } });
const readers = Array.from({ length: connections }, () => ({ ask: readStream, close: () => undefined }));
await compare("sse", events, readers, { type: "sse", config: { url: stream, count: "all" } });
child.kill();

import { spawn } from "node:child_process";
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { WebSocket } from "ws";
import { type Asker, compareBareAndStep } from "./support/bare-and-step.ts";
import { compileFlow, createAskers } from "./support/compile-flow.ts";

// CPU time and rate of a websocket step (a message and its echo) beside bare ws, of a socket step (a line and its echo)
// beside a bare net.Socket, and of an sse step (a stream of events to its end) beside bare node:http and lines
// made events, in turn; the targets are processes of their own. Run: node bench/live.ts [connections] [ms]

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

const echo = spawn(
  process.execPath,
  [
    "-e",
    `const server = net.createServer({ noDelay: true }, (socket) => socket.pipe(socket).on("error", () => 0));
    server.listen(0, "127.0.0.1", () => console.log(server.address().port))`,
  ],
  { stdio: ["ignore", "pipe", "inherit"] },
);
const [echoPrinted] = (await once(echo.stdout, "data")) as [Buffer];
const echoPort = Number(echoPrinted.toString());

async function openStream(): Promise<Asker> {
  const socket = connect({ host: "127.0.0.1", port: echoPort, noDelay: true });
  await once(socket, "connect");
  let rest = "";
  let answer: (line: string) => void = () => undefined;
  socket.setEncoding("utf8");
  socket.on("data", (chunk: string) => {
    rest += chunk;
    const end = rest.indexOf("\n");
    if (end < 0) return;
    const line = rest.slice(0, end);
    rest = rest.slice(end + 1);
    answer(line);
  });
  const ask = () =>
    new Promise<string>((resolve) => {
      answer = resolve;
      socket.write(`${data}\n`);
    });
  return { ask, close: () => socket.destroy() };
}

/** What an EventSource gives of an event. */
interface Event {
  readonly type: string;
  readonly data: string;
  readonly lastEventId: string;
}

async function readStream(): Promise<void> {
  const [response] = (await once(get(stream, { agent: false }), "response")) as [IncomingMessage];
  response.setEncoding("utf8");
  const seen: Event[] = [];
  let [rest, type, text, lastEventId] = ["", "message", "", ""];
  for await (const chunk of response as AsyncIterable<string>) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("data: ")) text += line.slice(6);
      else if (line.startsWith("event: ")) type = line.slice(7);
      else if (line.startsWith("id: ")) lastEventId = line.slice(4);
      else if (line === "") {
        seen.push({ type, data: text, lastEventId });
        [type, text] = ["message", ""];
      }
    }
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
const streams = await Promise.all(Array.from({ length: connections }, openStream));
const line = { protocol: "tcp", host: "127.0.0.1", port: echoPort, data: `${data}\n`, delimiter: "\n" };
await compare("socket", 1, streams, { type: "socket", config: line });
const readers = Array.from({ length: connections }, () => ({ ask: readStream, close: () => undefined }));
await compare("sse", events, readers, { type: "sse", config: { url: stream, count: "all" } });
child.kill();
echo.kill();

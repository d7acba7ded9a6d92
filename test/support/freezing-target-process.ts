// The process of a target that stands still: at the request of number FREEZE_AT it does nothing for FREEZE_MS, and goes on.
// It tells when it stood, and when it answered each request, by its number in the path (`/?i=17`).
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const freezeAt = Number(process.argv[2]);
const freezeMs = Number(process.argv[3]);
const answers: [number, number][] = [];
let frozen: readonly [from: number, to: number] | null = null;

const now = (): number => performance.timeOrigin + performance.now();

const server = createServer((request, response) => {
  const index = Number(/i=(\d+)/.exec(request.url ?? "")?.[1]);
  if (index === freezeAt && frozen === null) {
    const from = now();
    // The whole process stands, as one that is swapped out or collects garbage.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, freezeMs);
    frozen = [from, now()];
  }
  answers.push([index, now()]);
  response.end("ok");
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on("message", () => process.send?.({ frozen, answers }));
process.on("disconnect", () => process.exit(0));

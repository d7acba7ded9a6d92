// The process of a counting target: notes who asked for what and when, and answers `ok` after
// the delay it was given, or the one that the request asks for (`?delay=40`, ms).
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Arrival } from "./counting-target.ts";

const delayMs = Number(process.argv[2] ?? 0);
const arrivals: Arrival[] = [];
/** So many requests are answered before answers are held back. */
let holdAfter = Number.POSITIVE_INFINITY;
const held: (() => void)[] = [];

const server = createServer((request, response) => {
  const numberOf = (header: string): number | null => {
    const value = request.headers[header];
    return value === undefined ? null : Number(value);
  };
  arrivals.push({
    at: performance.timeOrigin + performance.now(),
    path: request.url ?? "",
    vu: numberOf("x-vu"),
    iteration: numberOf("x-iteration"),
    slave: String(request.headers["x-slave"] ?? ""),
  });
  const asked = /[?&]delay=(\d+)/.exec(request.url ?? "")?.[1];
  const waitMs = asked === undefined ? delayMs : Number(asked);
  const answer = () => void response.end("ok");
  if (arrivals.length > holdAfter) held.push(answer);
  else if (waitMs === 0) answer();
  else setTimeout(answer, waitMs);
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on("message", (message) => {
  const [question, after] = String(message).split(" ");
  if (question === "hold") holdAfter = Number(after);
  if (question === "release") {
    holdAfter = Number.POSITIVE_INFINITY;
    for (const answer of held.splice(0)) answer();
  }
  process.send?.(message === "list" ? { arrivals } : { count: arrivals.length });
});
process.on("disconnect", () => process.exit(0));

// The process of a counting target: notes who asked for what and when, and answers `ok` after
// the delay it was given, or the one that the request asks for (`?delay=40`, ms).
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Arrival } from "./counting-target.ts";

const delayMs = Number(process.argv[2] ?? 0);
const arrivals: Arrival[] = [];

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
  if (waitMs === 0) response.end("ok");
  else setTimeout(() => response.end("ok"), waitMs);
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on("message", (message) => {
  if (message === "count") process.send?.({ count: arrivals.length });
  else process.send?.({ arrivals });
});
process.on("disconnect", () => process.exit(0));

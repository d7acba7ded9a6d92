import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/** Below those that the system gives out by itself: between the choice of one and its use nobody else gets it. */
const firstPort = 10_000;
const lastPort = 32_000;
const chosen = new Set<number>();

/** A port that nobody listens on, for a process that must be told one. */
export async function chooseFreePort(): Promise<number> {
  for (;;) {
    const port = randomInt(firstPort, lastPort);
    if (chosen.has(port) || !(await isFree(port))) continue;
    chosen.add(port);
    return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once("error", () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}

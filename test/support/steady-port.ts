import { once } from "node:events";
import { createServer } from "node:net";

/** Below the ports that the system gives to whoever asks for any, so that nobody gets one of these by chance. */
const first = 11_000;
/** Ports of one worker of the test runner. */
const room = 4_000;

let asked = 0;

/**
 * A free port of loopback that stays free for the one who asked: a server may leave it and listen there again, and what
 * other tests start meanwhile does not get it.
 */
export async function findSteadyPort(): Promise<number> {
  const worker = Number(process.env["VITEST_POOL_ID"] ?? 0) % 4;
  for (;;) {
    const port = first + worker * room + ((process.pid * 37 + asked++) % room);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}

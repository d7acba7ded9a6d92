import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { createDemoServer } from "../../src/demo/demo-server.ts";

/** The demo target inside the test's process. */
export interface Demo {
  readonly url: string;
  /** Requests seen so far. */
  readonly requests: () => number;
}

/** Starts it on a free port; it ends with the test. */
export async function startDemo(): Promise<Demo> {
  const server = createDemoServer();
  let requests = 0;
  server.on("request", () => requests++);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests: () => requests };
}

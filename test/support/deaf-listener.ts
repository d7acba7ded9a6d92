import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Worker } from "node:worker_threads";

/** Listens in a thread that then does nothing more. */
const listen = `
const { parentPort } = require("node:worker_threads");
const server = require("node:net").createServer();
server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
  parentPort.postMessage(server.address().port);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});`;

/** A port of 127.0.0.1 that answers no dial, as a firewall that drops does: its queue is full and nobody takes from it. */
export async function startDeafListener(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const worker = new Worker(listen, { eval: true });
  const [port] = (await once(worker, "message")) as [number];
  const fillers: Socket[] = [];
  // Linux queues one more than the backlog; one dial beyond that shows that it is full.
  for (let i = 0; i < 2; i++) {
    const filler = connect(port, "127.0.0.1");
    fillers.push(filler);
    await once(filler, "connect");
  }
  return {
    port,
    async close() {
      for (const filler of fillers) filler.destroy();
      await worker.terminate();
    },
  };
}

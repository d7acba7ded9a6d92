import type { Socket } from "node:net";
import { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import type { Clock } from "../../protocol/ports.ts";

/** What a client of an answer that is read as it goes (a file) must at least have taken since it was looked at last, bytes. */
const leastTaken = 256 * 1024;

/** Closes the connection of a client that has not taken its answer so long after it was ready, ms. */
export function limitAnswers(server: FastifyInstance, writeTimeoutMs: number, clock: Pick<Clock, "now" | "at">): void {
  server.addHook("onSend", async (request, reply, payload) => {
    // A body that was refused in the middle has given its socket up, which its type does not say.
    const socket: Socket | null = request.raw.socket ?? reply.raw.socket;
    if (socket === null) return;
    let taken = socket.bytesWritten;
    const look = () => {
      const now = socket.bytesWritten;
      if (!(payload instanceof Readable) || now - taken < leastTaken) return void reply.raw.destroy();
      taken = now;
      alarm = clock.at(clock.now() + writeTimeoutMs, look);
    };
    let alarm = clock.at(clock.now() + writeTimeoutMs, look);
    // Once it was given to the system, or the client has left.
    reply.raw.once("close", () => alarm.cancel());
  });
}

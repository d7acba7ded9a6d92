import type { FastifyInstance } from "fastify";
import type { Clock } from "../../protocol/ports.ts";

/** Closes the connection of a client that has not taken its answer so long after it was ready, ms. */
export function limitAnswers(server: FastifyInstance, writeTimeoutMs: number, clock: Pick<Clock, "now" | "at">): void {
  server.addHook("onSend", async (_request, reply) => {
    const alarm = clock.at(clock.now() + writeTimeoutMs, () => reply.raw.destroy());
    // Once it was given to the system, or the client has left.
    reply.raw.once("close", () => alarm.cancel());
  });
}

import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { FastifyInstance } from "fastify";
import type { Clock } from "../../protocol/ports.ts";

export interface DrainLimits {
  /** What is read of a body after its answer, at most. */
  readonly bytes: number;
  readonly ms: number;
}

const usualLimits: DrainLimits = { bytes: 64 * 1024 * 1024, ms: 5_000 };

/**
 * An answer that is ready before its request has come whole (a refusal) is sent at once, and its client hears it also if it
 * does not read before it has sent everything: the rest is read and thrown away, within limits. Beyond them the connection
 * is closed.
 */
export function drainBodies(
  server: FastifyInstance,
  clock: Pick<Clock, "now" | "at">,
  limits: DrainLimits = usualLimits,
): void {
  server.addHook("onSend", (request, reply, payload) => {
    const { raw } = request;
    if (typeof payload !== "string" || !isStillComing(raw)) return Promise.resolve(payload);
    reply.header("Content-Length", Buffer.byteLength(payload));
    // With its length said, a client has the answer before its end; after the end Node may close at once, and what was
    // not read by then would reset the connection.
    return Promise.resolve(Readable.from(sendFirst(payload, () => drain(raw, clock, limits))));
  });
}

async function* sendFirst(payload: string, wait: () => Promise<void>): AsyncGenerator<string> {
  yield payload;
  await wait();
}

function isStillComing({ complete, destroyed, headers }: IncomingMessage): boolean {
  const hasBody = headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
  return hasBody && !complete && !destroyed;
}

/** Resolves once there is no more to come. */
function drain(body: IncomingMessage, clock: Pick<Clock, "now" | "at">, limits: DrainLimits): Promise<void> {
  const over = Promise.withResolvers<void>();
  const giveUp = (): void => void body.destroy();
  const alarm = clock.at(clock.now() + limits.ms, giveUp);
  let read = 0;
  body.on("data", (chunk: Buffer) => {
    read += chunk.length;
    if (read > limits.bytes) giveUp();
  });
  body.once("end", over.resolve).once("close", over.resolve).once("error", over.resolve);
  body.resume();
  return over.promise.finally(() => alarm.cancel());
}

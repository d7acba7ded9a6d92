import { once } from "node:events";
import { type IncomingMessage, get } from "node:http";
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import fastify from "fastify";
import { expect, onTestFinished, test } from "vitest";
import { createTurnedClock } from "../../../test/support/turned-clock.ts";
import { limitAnswers } from "./limit-answers.ts";

const size = 24 * 1024 * 1024;

/**
 * Reads an answer of `size` bytes with pauses, one after each MiB, in which nothing more can be sent and then the server's
 * clock goes on by so much; gives how much came.
 */
async function read(limitMs: number, pauseMs: (pause: number) => number): Promise<number> {
  const clock = createTurnedClock();
  const server = fastify();
  onTestFinished(() => server.close());
  limitAnswers(server, limitMs, clock);
  const chunk = Buffer.alloc(1024 * 1024);
  server.get("/", (_request, reply) => reply.send(Readable.from(Array.from({ length: 24 }, () => chunk))));
  let far: Socket | null = null;
  server.server.on("connection", (socket) => (far = socket));
  const [answer] = (await once(get(await server.listen({ port: 0 })), "response")) as [IncomingMessage];
  let [came, pauses] = [0, 0];
  try {
    for await (const part of answer) {
      came += (part as Buffer).length;
      if (came < (pauses + 1) * chunk.length) continue;
      await settle(far);
      await clock.turn(pauseMs(++pauses));
    }
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe("ECONNRESET");
  }
  return came;
}

/** Waits until a connection takes no more. */
async function settle(socket: Socket | null): Promise<void> {
  for (let before = -1; before !== socket?.bytesWritten; await sleep(20)) before = socket?.bytesWritten ?? -1;
}

test("a file may take longer than the limit as long as it is taken; who stops is cut off", async () => {
  // 24 pauses: longer than the limit, each far below it.
  expect(await read(1_000, () => 100)).toBe(size);
  expect(await read(300, (pause) => (pause === 1 ? 2_000 : 0))).toBeLessThan(size);
});

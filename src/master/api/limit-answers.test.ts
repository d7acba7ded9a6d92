import { once } from "node:events";
import { type IncomingMessage, get } from "node:http";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import fastify from "fastify";
import { expect, onTestFinished, test } from "vitest";
import { createSystemClock } from "../../run/system-clock.ts";
import { systemTime } from "../../run/system-time.ts";
import { limitAnswers } from "./limit-answers.ts";

const size = 24 * 1024 * 1024;

/** Reads an answer of `size` bytes with pauses, one after each MiB; gives how much came. */
async function read(limitMs: number, pauseMs: (pause: number) => number): Promise<number> {
  const server = fastify();
  onTestFinished(() => server.close());
  limitAnswers(server, limitMs, createSystemClock(systemTime));
  const chunk = Buffer.alloc(1024 * 1024);
  server.get("/", (_request, reply) => reply.send(Readable.from(Array.from({ length: 24 }, () => chunk))));
  const [answer] = (await once(get(await server.listen({ port: 0 })), "response")) as [IncomingMessage];
  let [came, pauses] = [0, 0];
  try {
    for await (const part of answer) {
      came += (part as Buffer).length;
      if (came < (pauses + 1) * chunk.length) continue;
      await sleep(pauseMs(++pauses));
    }
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe("ECONNRESET");
  }
  return came;
}

test("a file may take longer than the limit as long as it is taken; who stops is cut off", async () => {
  // 24 pauses: longer than the limit, each far below it.
  expect(await read(1_000, () => 50)).toBe(size);
  expect(await read(300, (pause) => (pause === 1 ? 2_000 : 0))).toBeLessThan(size);
});

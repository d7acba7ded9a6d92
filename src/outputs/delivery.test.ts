import { expect, test } from "vitest";
import { createTurnedClock } from "../../test/support/turned-clock.ts";
import { createDelivery, type DeliveryLimits } from "./delivery.ts";
import { DeliveryError } from "./output.ts";

/** A delivery whose attempts the test answers: what is thrown, or `null` for success, or a promise. */
function start(
  answer: (attempt: number, body: string) => Error | null | undefined | Promise<Error | null>,
  limits: Partial<DeliveryLimits> = {},
) {
  const clock = createTurnedClock();
  const attempts: { readonly at: number; readonly body: string }[] = [];
  const lines: string[] = [];
  const delivery = createDelivery({
    async send(bytes) {
      const body = Buffer.from(bytes).toString();
      attempts.push({ at: clock.now() - 1_000, body });
      const said = await answer(attempts.length - 1, body);
      if (said instanceof Error) throw said;
    },
    name: "webhook http://127.0.0.1/",
    clock,
    random: () => 1,
    log: (level, message) => lines.push(`${level} ${message}`),
    mask: (text) => text.replaceAll("hidden", "***"),
    limits,
  });
  const offer = (body: string, points = 1) => delivery.offer({ body: Buffer.from(body), points });
  const state = () => ({ failing: delivery.failing, waiting: delivery.waitingPoints });
  const numbers = () => ({ sent: delivery.sent, dropped: delivery.dropped, retries: delivery.retries });
  return { clock, attempts, lines, delivery, offer, numbers, state };
}

test("what fails is tried again after 0.5, 1, 2 … 30 s, in its order", async () => {
  const { clock, attempts, offer, numbers } = start((attempt) => (attempt < 9 ? new Error("down") : null));
  offer("a");
  offer("b");
  await clock.turn(200_000);
  const waits = [0.5, 1, 2, 4, 8, 16, 30, 30, 30];
  const times = waits.reduce<number[]>((all, wait) => [...all, (all.at(-1) ?? 0) + wait * 1_000], [0]);
  expect(attempts.map(({ at }) => at)).toEqual([...times, times.at(-1)]);
  expect(attempts.map(({ body }) => body).join("")).toBe("aaaaaaaaaab");
  expect(numbers()).toEqual({ sent: 2, dropped: 0, retries: 9 });
});

test("a Retry-After is waited for, a refusal drops what it refuses and goes on", async () => {
  const answers = [
    new DeliveryError("it answered 429", 7_000),
    null,
    new DeliveryError("it answered 400: hidden", null),
    null,
  ];
  const { clock, attempts, delivery, lines, offer, numbers } = start((attempt) => answers[attempt]);
  offer("a", 2);
  offer("b", 3);
  offer("c", 4);
  await clock.turn(6_999);
  expect(attempts).toHaveLength(1);
  await clock.turn(1);
  expect(attempts.map(({ body }) => body)).toEqual(["a", "a", "b", "c"]);
  expect(numbers()).toEqual({ sent: 6, dropped: 3, retries: 1 });
  expect(delivery.lastError).toBe("it answered 400: ***");
  expect(lines.join("\n")).toMatch(
    /429; it is tried again\n.*takes points again.*\n.*400: \*\*\*; what it refuses is dropped: 3 points so far/,
  );
});

test("a queue that is full lets go of its oldest, but not of what is on its way", async () => {
  const first = Promise.withResolvers<null>();
  const { clock, attempts, offer, numbers } = start((attempt) => (attempt === 0 ? first.promise : null), {
    mostPoints: 3,
    mostBytes: 10,
  });
  for (const body of ["a", "b", "c", "d", "e"]) offer(body);
  await clock.turn(0);
  expect(numbers()).toEqual({ sent: 0, dropped: 2, retries: 0 });
  offer("12345678");
  first.resolve(null);
  await clock.turn(0);
  expect(attempts.map(({ body }) => body)).toEqual(["a", "e", "12345678"]);
  expect(numbers()).toEqual({ sent: 3, dropped: 3, retries: 0 });
});

test("an attempt ends after its timeout, and the end after its own", async () => {
  const { clock, attempts, delivery, lines, offer, numbers } = start(() => new Promise(() => {}), { timeoutMs: 3_000 });
  offer("a", 5);
  await clock.turn(3_500);
  expect(attempts).toHaveLength(2);
  expect(delivery.lastError).toBe("it did not answer within 3 s");
  const closed = delivery.close(10_000);
  await clock.turn(10_000);
  await closed;
  offer("late", 1);
  expect(numbers()).toMatchObject({ sent: 0, dropped: 5 });
  // What is lost for good is an error, so that a quiet run tells it.
  expect(lines.at(-1)).toMatch(/^error output .+: 5 points were not sent: not all was taken within 10 s of the end$/);
  expect(clock.pending).toBe(0);
});

test("the end waits no longer than it takes", async () => {
  const { clock, delivery, offer, numbers, state } = start((attempt) => (attempt === 0 ? new Error("down") : null));
  expect(state()).toEqual({ failing: false, waiting: 0 });
  offer("a", 1);
  await clock.turn(0);
  expect(state()).toEqual({ failing: true, waiting: 1 });
  const closed = delivery.close(10_000);
  await clock.turn(500);
  await closed;
  expect(numbers()).toEqual({ sent: 1, dropped: 0, retries: 1 });
  expect(state()).toEqual({ failing: false, waiting: 0 });
  expect(clock.pending).toBe(0);
});

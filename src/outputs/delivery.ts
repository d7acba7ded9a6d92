import type { Alarm, Clock, Log, Random } from "../protocol/ports.ts";
import { DeliveryError, type Output } from "./output.ts";

/** What is sent at once. */
export interface Chunk {
  readonly body: Uint8Array;
  readonly points: number;
}

export interface DeliveryLimits {
  /** Of all that waits. */
  readonly mostPoints: number;
  readonly mostBytes: number;
  /** For one attempt, ms. */
  readonly timeoutMs: number;
  /** The first wait before another attempt; it doubles. */
  readonly leastWaitMs: number;
  readonly mostWaitMs: number;
}

export const deliveryLimits: DeliveryLimits = {
  mostPoints: 200_000,
  mostBytes: 32 * 2 ** 20,
  timeoutMs: 10_000,
  leastWaitMs: 500,
  mostWaitMs: 30_000,
};

/** Sends chunks one after the other; what cannot be sent waits in a bounded queue, whose oldest make room. */
export interface Delivery {
  readonly sent: number;
  readonly dropped: number;
  readonly retries: number;
  /** Masked; null: nothing ever failed. */
  readonly lastError: string | null;
  /** The latest attempt failed. */
  readonly failing: boolean;
  /** What is not sent yet, oldest first. */
  readonly waiting: readonly Chunk[];
  readonly waitingPoints: number;
  offer(chunk: Chunk): void;
  /** Waits until all is sent, at most so long; what is left is dropped. Idempotent. */
  close(withinMs: number): Promise<void>;
}

export interface DeliveryOptions {
  readonly send: Output["send"];
  /** For log lines; masked. */
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  mask(text: string): string;
  readonly limits?: Partial<DeliveryLimits>;
}

/** Log lines of one output come no closer than this, ms. */
const quietMs = 60_000;

/** Nothing waits. */
export function createDelivery(options: DeliveryOptions): Delivery {
  const { send, name, clock, random, log, mask } = options;
  const limits = { ...deliveryLimits, ...options.limits };
  const queue: Chunk[] = [];
  const stopping = new AbortController();
  let waitingPoints = 0;
  let waitingBytes = 0;
  let sent = 0;
  let dropped = 0;
  let retries = 0;
  let lastError: string | null = null;
  let running: Promise<void> | null = null;
  let isDown = false;
  let failing = false;
  let toldAt = -Infinity;
  let closed: Promise<void> | null = null;

  const drop = (place: number): void => {
    const [chunk] = queue.splice(place, 1);
    if (chunk === undefined) return;
    waitingPoints -= chunk.points;
    waitingBytes -= chunk.body.length;
    dropped += chunk.points;
  };
  const tell = (message: string): void => {
    if (clock.now() - toldAt < quietMs) return;
    toldAt = clock.now();
    log("warn", message, { output: name });
  };
  const fail = (error: unknown): void => {
    failing = true;
    lastError = mask(error instanceof Error ? describe(error) : String(error));
  };
  /** null: it is sent. Else why not. */
  const attempt = async ({ body }: Chunk): Promise<unknown> => {
    const timeout = new AbortController();
    const alarm = clock.at(clock.now() + limits.timeoutMs, () =>
      timeout.abort(new Error(`it did not answer within ${limits.timeoutMs / 1_000} s`)),
    );
    const signal = AbortSignal.any([stopping.signal, timeout.signal]);
    try {
      await Promise.race([send(body, signal), rejectOn(signal)]);
      return null;
    } catch (error) {
      return (signal.aborted ? signal.reason : error) ?? new Error("it failed");
    } finally {
      alarm.cancel();
    }
  };
  const deliver = async (): Promise<void> => {
    for (let failures = 0; queue.length > 0 && !stopping.signal.aborted; ) {
      const [chunk] = queue;
      if (chunk === undefined) return;
      const error = await attempt(chunk);
      if (error === null) {
        queue.shift();
        waitingPoints -= chunk.points;
        waitingBytes -= chunk.body.length;
        sent += chunk.points;
        failures = 0;
        failing = false;
        if (isDown) log("info", `output ${name} takes points again; ${dropped} were dropped so far`, { output: name });
        if (isDown) toldAt = -Infinity;
        isDown = false;
        continue;
      }
      fail(error);
      const retryAfterMs = error instanceof DeliveryError ? error.retryAfterMs : 0;
      if (retryAfterMs === null) {
        drop(0);
        tell(`output ${name}: ${lastError}; what it refuses is dropped: ${dropped} points so far`);
        continue;
      }
      isDown = true;
      tell(`output ${name}: ${lastError}; it is tried again`);
      const wait = Math.min(limits.mostWaitMs, limits.leastWaitMs * 2 ** Math.min(failures++, 20));
      await sleep(clock, Math.max(retryAfterMs, wait * (0.5 + random() / 2)), stopping.signal);
      if (!stopping.signal.aborted) retries++;
    }
  };
  const run = (): void => {
    running ??= deliver().finally(() => {
      running = null;
    });
  };
  const close = async (withinMs: number): Promise<void> => {
    const alarm = clock.at(clock.now() + withinMs, () =>
      stopping.abort(new Error(`not all was taken within ${withinMs / 1_000} s of the end`)),
    );
    while (running !== null) await running;
    alarm.cancel();
    if (queue.length > 0) lastError ??= `not all was taken within ${withinMs / 1_000} s of the end`;
    while (queue.length > 0) drop(0);
    if (dropped > 0) log("error", `output ${name}: ${dropped} points were not sent: ${lastError}`, { output: name });
  };

  return {
    get sent() {
      return sent;
    },
    get dropped() {
      return dropped;
    },
    get retries() {
      return retries;
    },
    get lastError() {
      return lastError;
    },
    get failing() {
      return failing;
    },
    get waiting() {
      return queue;
    },
    get waitingPoints() {
      return waitingPoints;
    },
    offer(chunk) {
      if (closed !== null) return;
      queue.push(chunk);
      waitingPoints += chunk.points;
      waitingBytes += chunk.body.length;
      // The first may be on its way.
      const first = running === null ? 0 : 1;
      while (queue.length > first && (waitingPoints > limits.mostPoints || waitingBytes > limits.mostBytes))
        drop(first);
      if (queue.length > 0) run();
    },
    close: (withinMs) => (closed ??= close(withinMs)),
  };
}

function describe(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  // Of a name with several addresses the message is empty.
  if (error.message === "") return code ?? error.name;
  // Node advises a flag that our command does not have.
  const [message = "", advice] = error.message.split("; if the root CA is installed locally");
  return advice === undefined ? message : `${message}; name its CA in NODE_EXTRA_CA_CERTS`;
}

async function rejectOn(signal: AbortSignal): Promise<never> {
  const stopped = Promise.withResolvers<never>();
  if (signal.aborted) stopped.reject(signal.reason);
  else signal.addEventListener("abort", () => stopped.reject(signal.reason), { once: true });
  return stopped.promise;
}

async function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  const over = Promise.withResolvers<void>();
  const alarm: Alarm = clock.at(clock.now() + ms, over.resolve);
  const stop = (): void => over.resolve();
  signal.addEventListener("abort", stop, { once: true });
  if (!signal.aborted) await over.promise;
  alarm.cancel();
  signal.removeEventListener("abort", stop);
}

import type { ChannelModel, ConfirmChannel } from "amqplib";
import { DriverFailure } from "../../../driver/call-driver.ts";

/** The broker's usual limit is 2047. */
const maxChannels = 1_000;

/** Channels of one connection, each lent to one call at a time. */
export interface Channels {
  readonly isOver: boolean;
  /** Rejects when the channel or the connection is closed meanwhile. A channel whose call failed is not used again. */
  use<Value>(signal: AbortSignal, work: (channel: ConfirmChannel) => Promise<Value>): Promise<Value>;
  /** Resolves when no call has a channel any more. */
  settled(): Promise<void>;
  /** A channel that is not lent but kept open until it fails. */
  open(): Promise<OpenChannel>;
}

/** A channel with what ended it. */
export interface OpenChannel {
  readonly channel: ConfirmChannel;
  /** Why it was closed; null: it is open. */
  readonly failure: Error | null;
}

interface Lent extends OpenChannel {
  failure: Error | null;
  onClosed: (() => void) | null;
}

/** Lends the channels of a connection, `maxChannels` at most, one to each use; opened as needed and kept for the next. */
export function openChannels(model: ChannelModel): Channels {
  const used = new Set<Promise<unknown>>();
  const idle: Lent[] = [];
  const waiting: { resolve(lent: Lent): void; reject(error: Error): void }[] = [];
  let open = 0;
  let isOver = false;
  let failure: Error | null = null;

  model.on("error", (error) => {
    failure = error;
  });
  model.on("close", (error) => {
    isOver = true;
    failure ??= error ?? null;
    for (const { reject } of waiting.splice(0)) reject(lost());
  });

  const lost = () => failure ?? new DriverFailure("mq_closed", "the connection to the broker was closed");

  async function create(): Promise<Lent> {
    open++;
    try {
      const channel = await model.createConfirmChannel();
      const lent: Lent = { channel, failure: null, onClosed: null };
      channel.on("error", (error) => {
        lent.failure = error;
      });
      channel.on("close", () => {
        lent.failure ??= lost();
        open--;
        const place = idle.indexOf(lent);
        if (place >= 0) idle.splice(place, 1);
        lent.onClosed?.();
        serveWaiting();
      });
      return lent;
    } catch (error) {
      open--;
      throw error;
    }
  }

  function serveWaiting(): void {
    if (isOver || open >= maxChannels) return;
    const next = waiting.shift();
    if (next !== undefined) create().then(next.resolve, next.reject);
  }

  function borrow(signal: AbortSignal): Promise<Lent> {
    const free = idle.pop();
    if (free !== undefined) return Promise.resolve(free);
    if (isOver) return Promise.reject(lost());
    if (open < maxChannels) return create();
    return new Promise((resolve, reject) => {
      const own = { resolve, reject };
      waiting.push(own);
      signal.addEventListener("abort", () => {
        const place = waiting.indexOf(own);
        if (place >= 0) waiting.splice(place, 1);
        reject(new Error("given up"));
      });
    });
  }

  function giveBack(lent: Lent): void {
    if (lent.failure !== null) return;
    const next = waiting.shift();
    if (next === undefined) idle.push(lent);
    else next.resolve(lent);
  }

  function discard({ channel, failure: known }: Lent): void {
    if (known !== null || isOver) return;
    // It closes by itself when the connection does.
    channel.close().catch(() => undefined);
  }

  async function use<Value>(signal: AbortSignal, work: (channel: ConfirmChannel) => Promise<Value>): Promise<Value> {
    const lent = await borrow(signal);
    try {
      const working = new Promise<Value>((resolve, reject) => {
        lent.onClosed = () => reject(lent.failure ?? lost());
        if (lent.failure === null) work(lent.channel).then(resolve, reject);
        else reject(lent.failure);
      });
      used.add(working);
      const value = await working.finally(() => used.delete(working));
      lent.onClosed = null;
      giveBack(lent);
      return value;
    } catch (error) {
      lent.onClosed = null;
      discard(lent);
      throw lent.failure ?? error;
    }
  }

  return {
    get isOver() {
      return isOver;
    },
    use,
    settled: async () => {
      await Promise.allSettled(used);
    },
    open: create,
  };
}

import type { StreamMessage } from "../protocol/rest.ts";
import type { Follower, FollowOptions } from "./follow.ts";

type Message = Exclude<StreamMessage, { readonly type: "error" }>;

/** Turns a follower into a loop. Events are kept for who reads slowly, of the metrics only the newest. */
export async function* streamExecution(
  follow: (options: FollowOptions) => Follower,
  signal: AbortSignal | undefined,
): AsyncGenerator<Message, void, undefined> {
  signal?.throwIfAborted();
  const waiting: Message[] = [];
  let wake = Promise.withResolvers<void>();
  const add = (message: Message): void => {
    const last = waiting.at(-1);
    if (message.type === "metrics" && last?.type === "metrics") waiting.pop();
    waiting.push(message);
    wake.resolve();
  };
  let failure: { readonly reason: unknown } | null = null;
  const fail = (reason: unknown): void => {
    failure ??= { reason };
    wake.resolve();
  };
  const abort = (): void => fail(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  const follower = follow({ onMessage: add });
  follower.completed.then(add, fail);
  try {
    for (;;) {
      signal?.throwIfAborted();
      const message = waiting.shift();
      if (message === undefined) {
        throwFailure(failure);
        await wake.promise;
        wake = Promise.withResolvers<void>();
        continue;
      }
      yield message;
      if (message.type === "complete") return;
    }
  } finally {
    signal?.removeEventListener("abort", abort);
    follower.close();
  }
}

function throwFailure(failure: { readonly reason: unknown } | null): void {
  if (failure !== null) throw failure.reason;
}

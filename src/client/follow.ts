import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { WebSocket } from "ws";
import { EngineError } from "../errors.ts";
import type { Clock, Random } from "../protocol/ports.ts";
import { type SilenceWatch, watchSilence } from "../protocol/silence-watch.ts";
import type { StreamMessage } from "../protocol/rest.ts";
import { createHeaders, createTlsOptions } from "./connection.ts";
import { describeUnreachable, readError, type Rest } from "./rest.ts";

export interface FollowOptions {
  /** A master that is lost is tried again for so long; default: as the client does. */
  readonly retryForMs?: number;
  /** `metrics` and `event`. */
  onMessage(message: Exclude<StreamMessage, { readonly type: "complete" | "error" }>): void;
  /** The master is lost, and why; it is tried again. Told once until `onFound`. */
  onLost?(error: EngineError): void;
  onFound?(): void;
}

/** What a client adds to it. */
interface FollowSettings extends FollowOptions {
  readonly retryForMs: number;
  readonly clock: Clock;
  readonly random: Random;
}

type Complete = Extract<StreamMessage, { readonly type: "complete" }>;

/** A listener to one execution. */
export interface Follower {
  /** How it ended. Rejects with EngineError: the master's own, or `unreachable`; never resolves after `close`. */
  readonly completed: Promise<Complete>;
  /** Stops listening; idempotent. */
  close(): void;
}

const shortestWaitMs = 100;
const longestWaitMs = 2_000;
/** A master says something every second; one that has not three times in a row is dialled anew. */
const heardEveryMs = 5_000;

/** Listens to an execution's stream, from any of the masters, until it ends. */
export function followExecution(rest: Rest, id: string, options: FollowSettings): Follower {
  const { clock, random, retryForMs } = options;
  const completed = Promise.withResolvers<Complete>();
  let lostAt: number | null = null;
  let attempts = 0;
  let over = false;
  let socket: WebSocket | null = null;
  let silence: SilenceWatch | null = null;
  let alarm = clock.at(clock.now(), () => connect());

  const finish = (): void => {
    over = true;
    alarm.cancel();
    silence?.close();
    socket?.terminate();
  };
  const fail = (error: EngineError): void => {
    if (over) return;
    finish();
    completed.reject(error);
  };
  /** A master that is still taking up its executions does not know them all yet. */
  const refuse = (error: EngineError): void => {
    if (error.code === "not_ready" || error.code === "rate_limited") lose(error);
    else fail(error);
  };
  const found = (): void => {
    attempts = 0;
    if (lostAt === null) return;
    lostAt = null;
    options.onFound?.();
  };
  const take = (line: string): void => {
    const message = readMessage(line);
    if (message === null) return fail(readError(rest.master, null, null));
    if (message.type !== "error") found();
    if (message.type === "complete") {
      finish();
      completed.resolve(message);
    } else if (message.type === "error") refuse(readError(rest.master, message, null));
    else options.onMessage(message);
  };
  const lose = (cause: unknown): void => {
    if (over) return;
    silence?.close();
    socket?.terminate();
    socket = null;
    const error = cause instanceof EngineError ? cause : describeUnreachable(rest.master, cause);
    if (lostAt === null) {
      lostAt = clock.now();
      options.onLost?.(error);
    }
    if (clock.now() - lostAt >= retryForMs) return fail(error);
    rest.turn();
    const most = Math.min(longestWaitMs, shortestWaitMs * 2 ** Math.min(attempts++, 10));
    alarm.cancel();
    alarm = clock.at(clock.now() + random() * most, () => connect());
  };
  const connect = (): void => {
    const url = `${rest.master.replace(/^http/, "ws")}/api/v1/executions/${encodeURIComponent(id)}/ws`;
    const opened = new WebSocket(url, {
      handshakeTimeout: 10_000,
      maxPayload: 256 * 1024 * 1024,
      headers: createHeaders(rest.connection),
      ...createTlsOptions(rest.connection),
    });
    socket = opened;
    let cause: unknown = new Error("the connection was closed");
    opened.on("open", () => {
      if (over || opened !== socket) return;
      silence = watchSilence({ clock, everyMs: heardEveryMs, times: 3, onSilent: () => opened.terminate() });
    });
    opened.on("ping", () => silence?.hear());
    opened.on("message", (data: Buffer) => {
      silence?.hear();
      if (!over) take(data.toString("utf8"));
    });
    opened.on("error", (error) => {
      cause = error;
    });
    opened.on("close", () => {
      if (opened === socket) lose(cause);
    });
    opened.on("unexpected-response", (_request, response: IncomingMessage) => {
      const { statusCode = 500 } = response;
      const said = text(response).then((body) => readError(rest.master, parse(body), statusCode));
      said.then(statusCode < 500 ? refuse : lose, lose);
    });
  };

  return { completed: completed.promise, close: finish };
}

function readMessage(line: string): StreamMessage | null {
  const value = parse(line);
  return typeof value === "object" && value !== null && isMessage(value) ? value : null;
}

/** What is no JSON is no value that any message has. */
function parse(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return null;
  }
}

function isMessage(value: { readonly type?: unknown }): value is StreamMessage {
  return value.type === "metrics" || value.type === "event" || value.type === "complete" || value.type === "error";
}

import { WebSocket } from "ws";
import { computeLeaseTimes } from "../cluster/lease-times.ts";
import {
  type Hello,
  linkLimits,
  linkSubprotocol,
  type MasterLink,
  type ToSlave,
  type Welcome,
} from "../protocol/link.ts";
import { decodeToSlave, encodeToMaster } from "../protocol/link-codec.ts";
import type { Alarm, Clock, Log, Random } from "../protocol/ports.ts";
import { setDeadline } from "../protocol/set-deadline.ts";
import { type SilenceWatch, watchSilence } from "../protocol/silence-watch.ts";
import { describeRefusal } from "./describe-refusal.ts";
import type { MasterUrl } from "./master-url.ts";

/** What the connection itself is made with. */
export interface DialSecurity {
  /** `X-API-Key`; null: none. */
  readonly apiKey: string | null;
  /** PEM texts. */
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
}

export interface DialOptions {
  /** Tried in turn. */
  readonly masters: readonly MasterUrl[];
  /** Read anew for each link. */
  readonly hello: Hello;
  /** Asked before each dial: keys and certificates are renewed while a slave runs. */
  security(): DialSecurity;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** The master has said welcome. */
  onUp(welcome: Welcome): void;
  /** A link that was up is gone; the next is being dialled. */
  onDown(): void;
  onMessage(message: Exclude<ToSlave, { readonly type: "welcome" | "refused" }>): void;
}

/** A slave's way to its masters: never gives up until `close`. */
export interface Dialler extends MasterLink {
  /** The master it is connected with, as people write it; null: none. */
  readonly master: string | null;
  /** Idempotent; says goodbye where it can. */
  close(): Promise<void>;
}

/** Backoff with full jitter: evenly from 0 to a bound that doubles from the first to the last, ms. */
const firstBackoffMs = 100;
const lastBackoffMs = 2_000;
/** A dial, and a hello that the master thinks over (it may have to probe another slave), take no longer. */
const handshakeMs = 5_000;
const welcomeMs = 15_000;
const goodbyeMs = 500;

/** Dials in turn until a master says welcome, and again whenever the link is gone. Each reason is told once. */
export function startDialling(options: DialOptions): Dialler {
  const { masters, clock, random, log } = options;
  const told = new Set<string>();
  let socket: WebSocket | null = null;
  let master: string | null = null;
  let next = 0;
  let failures = 0;
  let retry: Alarm | null = null;
  let closed = false;

  const tellOnce = (shown: string, reason: string): void => {
    const line = `${shown}: ${reason}`;
    if (told.has(line)) return;
    told.add(line);
    log("warn", `cannot join ${line}; retrying`);
  };

  const dialNext = (): void => {
    if (closed) return;
    const target = masters[next++ % masters.length] as MasterUrl;
    open(target, (reason) => {
      socket = null;
      if (closed) return;
      if (master === null) tellOnce(target.shown, reason);
      else {
        master = null;
        log("warn", `lost ${target.shown}: ${reason}; dialling again`);
        options.onDown();
      }
      const bound = Math.min(lastBackoffMs, firstBackoffMs * 2 ** Math.min(10, failures++));
      retry = clock.at(clock.now() + random() * bound, dialNext);
    });
  };

  /** One connection from dial to its end; `onEnd` is called once. */
  const open = (target: MasterUrl, onEnd: (reason: string) => void): void => {
    const { apiKey, ca, cert, key } = options.security();
    const tls = {
      ...(ca === null ? {} : { ca }),
      ...(cert === null ? {} : { cert }),
      ...(key === null ? {} : { key }),
    };
    const made = new WebSocket(target.link, linkSubprotocol, {
      ...tls,
      handshakeTimeout: handshakeMs,
      maxPayload: linkLimits.orderBytes,
      perMessageDeflate: false,
      headers: createKeyHeaders(apiKey),
    });
    socket = made;
    let reason = "the connection was closed";
    let welcomeBy: Alarm | null = null;
    let silence: SilenceWatch | null = null;
    let ended = false;
    const end = (): void => {
      if (ended) return;
      ended = true;
      welcomeBy?.cancel();
      silence?.close();
      made.terminate();
      onEnd(reason);
    };
    const giveUp = (why: string): void => {
      reason = why;
      end();
    };
    const take = (message: ToSlave): void => {
      if (message.type === "refused") {
        giveUp(`${message.error}: ${message.message}`);
      } else if (message.type !== "welcome") {
        if (master !== null) options.onMessage(message);
      } else if (master === null) {
        welcomeBy?.cancel();
        master = target.shown;
        failures = 0;
        told.clear();
        log("info", `joined ${target.shown}`);
        // A link on which nothing comes any more looks open for minutes.
        silence = watchSilence({
          clock,
          everyMs: computeLeaseTimes(message.timeoutMs, message.intervalMs).renewMs,
          times: 3,
          onQuiet: () => made.ping(),
          onSilent: (silentMs) => giveUp(`silent for ${Math.round(silentMs)} ms`),
        });
        options.onUp(message);
      }
    };
    made.on("open", () => {
      made.send(encodeToMaster(options.hello));
      const late = `no welcome within ${welcomeMs / 1_000} s`;
      welcomeBy = setDeadline(clock, clock.now() + welcomeMs, () => giveUp(late));
    });
    made.on("message", (data, isBinary) => {
      silence?.hear();
      const decoded = isBinary ? { refusal: "is binary" } : decodeToSlave(String(data));
      if ("refusal" in decoded) giveUp(`it sent a message that ${decoded.refusal}`);
      else take(decoded.message);
    });
    made.on("pong", () => silence?.hear());
    made.on("unexpected-response", (_request, response) => {
      describeRefusal(response).then(giveUp, (error: unknown) => giveUp(String(error)));
    });
    made.on("error", (error) => {
      reason = describeError(error);
    });
    made.on("close", (_code, said) => {
      if (said.length > 0) reason = said.toString();
      end();
    });
  };

  dialNext();

  return {
    get up() {
      return master !== null;
    },
    get master() {
      return master;
    },
    send(message) {
      if (socket === null || master === null || socket.readyState !== WebSocket.OPEN) return;
      if (socket.bufferedAmount > linkLimits.bufferedBytes) socket.terminate();
      else socket.send(encodeToMaster(message));
    },
    async close() {
      if (closed) return;
      closed = true;
      retry?.cancel();
      master = null;
      const last = socket;
      if (last === null) return;
      const gone = new Promise<void>((resolve) => last.once("close", () => resolve()));
      if (last.readyState === WebSocket.OPEN) last.close(1000, "the slave leaves");
      else last.terminate();
      const late = clock.at(clock.now() + goodbyeMs, () => last.terminate());
      await gone;
      late.cancel();
    },
  };
}

/** A header holds bytes: a key of any script travels as its UTF-8. */
export function createKeyHeaders(apiKey: string | null): Readonly<Record<string, string>> {
  return apiKey === null ? {} : { "x-api-key": Buffer.from(apiKey).toString("latin1") };
}

function describeError(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  // Several addresses were tried; each error is inside.
  if (error instanceof AggregateError)
    return error.errors.map((each: unknown) => String((each as Error).message)).join(", ");
  if (code === "EPROTO") return "no TLS was agreed on; if it serves plain HTTP, name it with http://";
  if (code === "ECONNRESET") return "the connection was cut; if it serves HTTPS, name it with https://";
  if (error.message.startsWith("Opening handshake")) {
    return `there was no answer within ${handshakeMs / 1_000} s; does a firewall drop what is sent?`;
  }
  return error.message === "" ? (code ?? "the connection failed") : error.message;
}

import type { WebSocket } from "ws";
import {
  type Hello,
  linkLimits,
  type LinkPort,
  linkVersion,
  type SlaveLink,
  type ToMaster,
  type ToSlave,
} from "../protocol/link.ts";
import { decodeToMaster, encodeToSlave } from "../protocol/link-codec.ts";
import type { Alarm, Clock, Log } from "../protocol/ports.ts";
import { setDeadline } from "../protocol/set-deadline.ts";
import { type SilenceWatch, watchSilence } from "../protocol/silence-watch.ts";

export interface OpenLinkOptions {
  readonly port: LinkPort;
  readonly clock: Clock;
  readonly log: Log;
  readonly renewMs: number;
  /** The other end's address. */
  readonly peer: string;
  /** The connection is gone; called once. */
  onEnd(): void;
}

/** One slave's connection. */
export interface OpenLink {
  /** Resolves when the connection is gone. */
  close(reason: string): Promise<void>;
}

/** WebSocket close codes: a message broke the rules; the server goes away. */
const policyViolation = 1008;
const goingAway = 1001;
/** A reason must fit into a control frame. */
const longestReason = 120;
const goodbyeMs = 500;

/**
 * Serves a connection: hello within 5 s, then what the port makes of it. A message that breaks a rule, one too many or
 * silence end it, and the slave is told why; nothing that arrives can throw.
 */
export function acceptLink(webSocket: WebSocket, options: OpenLinkOptions): OpenLink {
  const { port, clock, log } = options;
  let slave: { readonly id: string; readonly instance: string } | null = null;
  let state: "greeting" | "deciding" | "welcomed" | "ended" = "greeting";
  let tokens: number = linkLimits.messageBurst;
  let filledAt = clock.now();
  let silence: SilenceWatch | null = null;
  const gone = Promise.withResolvers<void>();

  const send = (message: ToSlave): void => {
    if (webSocket.readyState !== webSocket.OPEN) return;
    if (webSocket.bufferedAmount > linkLimits.bufferedBytes) {
      end(`it does not read: ${webSocket.bufferedAmount} bytes wait for it`, policyViolation);
    } else webSocket.send(encodeToSlave(message));
  };
  /** The slave is told in the close frame; a peer that does not answer it is cut off. */
  const end = (reason: string, code: number): void => {
    if (state === "ended") return;
    if (code === policyViolation) log("warn", `closed the link of ${slave?.id ?? options.peer}: ${reason}`);
    leave();
    webSocket.close(
      code,
      Buffer.from(reason)
        .subarray(0, longestReason)
        .toString()
        .replace(/\uFFFD+$/, ""),
    );
    alarm = clock.at(clock.now() + goodbyeMs, () => webSocket.terminate());
  };
  const leave = (): void => {
    const was = state;
    state = "ended";
    alarm.cancel();
    silence?.close();
    if (was === "welcomed" && slave !== null) port.disconnect(slave.id, slave.instance);
  };
  const link: SlaveLink = {
    send,
    close: (reason) => end(reason, goingAway),
    get bufferedBytes() {
      return webSocket.bufferedAmount;
    },
  };

  const greet = (hello: Hello): void => {
    state = "deciding";
    alarm.cancel();
    if (hello.version !== linkVersion) {
      const message = `this master speaks version ${linkVersion} of the link, the slave ${hello.version}`;
      refuse("unsupported", message);
      return;
    }
    const { address } = hello.slave;
    // A slave that listens everywhere is found where it dialled from.
    const card = address.startsWith(":")
      ? { ...hello.slave, address: `${writeHost(options.peer)}${address}` }
      : hello.slave;
    port.connect({ ...hello, slave: card }, link).then(
      (answer) => {
        if (answer.type === "refused") refuse(answer.error, answer.message);
        else if (state === "ended") port.disconnect(card.id, hello.instance);
        else {
          slave = { id: card.id, instance: hello.instance };
          state = "welcomed";
          send(answer);
          silence = watchSilence({ clock, everyMs: options.renewMs, times: 3, onSilent: cutOff });
        }
      },
      (error: unknown) => refuse("internal_error", error instanceof Error ? error.message : String(error)),
    );
  };
  const refuse = (error: string, message: string): void => {
    send({ type: "refused", error, message });
    end(message, goingAway);
  };
  const cutOff = (silentMs: number): void => {
    log("warn", `lost the link of ${slave?.id ?? options.peer}: silent for ${Math.round(silentMs)} ms`);
    leave();
    webSocket.terminate();
  };
  const mayTake = (): boolean => {
    const now = clock.now();
    tokens = Math.min(linkLimits.messageBurst, tokens + ((now - filledAt) / 1_000) * linkLimits.messagesPerSecond);
    filledAt = now;
    return --tokens >= 0;
  };
  const take = (message: ToMaster): void => {
    if (message.type === "hello") {
      if (state === "greeting") greet(message);
      else end("it said hello twice", policyViolation);
    } else if (state === "welcomed" && slave !== null) port.receive(slave.id, slave.instance, message);
    else end(`it said ${message.type} before it was welcomed`, policyViolation);
  };

  webSocket.on("message", (data, isBinary) => {
    if (state === "ended") return;
    silence?.hear();
    if (!mayTake()) {
      end(`it sent more than ${linkLimits.messagesPerSecond} messages a second`, policyViolation);
      return;
    }
    const decoded = isBinary ? { refusal: "is binary" } : decodeToMaster(String(data));
    if ("refusal" in decoded) {
      if (state === "greeting") send({ type: "refused", error: "invalid_message", message: decoded.refusal });
      end(`its message: ${decoded.refusal}`, policyViolation);
    } else take(decoded.message);
  });
  webSocket.on("ping", () => silence?.hear());
  webSocket.on("error", (error) => log("warn", `the link of ${slave?.id ?? options.peer}: ${error.message}`));
  webSocket.on("close", () => {
    if (state !== "ended") leave();
    alarm.cancel();
    options.onEnd();
    gone.resolve();
  });
  let alarm: Alarm = setDeadline(clock, clock.now() + linkLimits.helloMs, () =>
    end(`it said no hello within ${linkLimits.helloMs / 1_000} s`, policyViolation),
  );

  return {
    close(reason) {
      end(reason, goingAway);
      return gone.promise;
    },
  };
}

function writeHost(peer: string): string {
  const address = peer.replace(/^::ffff:/, "");
  return address.includes(":") ? `[${address}]` : address;
}

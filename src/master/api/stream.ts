import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";
import { EngineError } from "../../errors.ts";
import type { Clock, Log } from "../../protocol/ports.ts";
import { watchSilence } from "../../protocol/silence-watch.ts";
import type { StreamMessage } from "../../protocol/rest.ts";
import type { Executions } from "../executions.ts";
import { toEngineError } from "./answer-error.ts";
import { findExecution, resolveId, throwNotReady, throwUnknownExecution } from "./find-execution.ts";
import { printJson } from "../../protocol/print-json.ts";

/** Streams of executions: `metrics` at once and every second, each `event`, then `complete` and the close. */
export interface Streams {
  /** Takes the upgrade of a request for one execution's stream. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, id: string): void;
  /** Closes all; idempotent. */
  close(): void;
}

export interface StreamOptions {
  readonly executions: Executions;
  readonly clock: Clock;
  readonly log: Log;
}

/** Numbers of a second are left out for a client that has not taken this much; they come again. */
const skipAbove = 1024 * 1024;
/** A client that has not taken this much is cut off. */
const cutAbove = 16 * 1024 * 1024;
const mostClients = 1_000;
const pingEveryMs = 30_000;

export function createStreams({ executions, clock, log }: StreamOptions): Streams {
  const server = new WebSocketServer({ noServer: true, maxPayload: 4 * 1024, perMessageDeflate: false });

  const serve = async (client: WebSocket, named: string): Promise<void> => {
    if (server.clients.size > mostClients) {
      throw new EngineError("rate_limited", `${mostClients} streams are open already; close some`);
    }
    const id = await resolveId(executions, named);
    const send = createSender(client);
    const isAwaited = executions.isAwaited(id);
    const unwatch = executions.watch(id, (message) => {
      send(message);
      if (message.type === "complete") client.close(1000);
    });
    if (unwatch === null) await (isAwaited ? throwNotReady() : sendEnded(id, send, client));
    else if (client.readyState === WebSocket.OPEN) client.once("close", unwatch);
    else unwatch();
  };

  const sendEnded = async (id: string, send: (message: StreamMessage) => void, client: WebSocket): Promise<void> => {
    const { status, outputs } = await findExecution(executions, id, (known) => executions.describe(known));
    const metrics = (await executions.metrics(id)) ?? throwUnknownExecution(id);
    const timestamp = new Date(clock.wall()).toISOString();
    send({ type: "metrics", execution_id: id, timestamp, status, metrics, level: null, outputs });
    send({ type: "complete", status, report: await executions.report(id) });
    client.close(1000);
  };

  return {
    accept(request, socket, head, id) {
      server.handleUpgrade(request, socket, head, (client) => {
        client.on("error", (error) => log("debug", `a stream's client broke off: ${error.message}`));
        keepAlive(client, clock);
        serve(client, id).catch((thrown: unknown) => {
          const error = toEngineError(thrown);
          if (error.code === "internal_error") log("error", `the stream of \`${id}\` failed: ${String(thrown)}`);
          client.send(printJson({ type: "error", error: error.code, message: error.message }));
          client.close(1008, error.code);
        });
      });
    },
    close() {
      for (const client of server.clients) {
        client.close(1001, "the master is closing");
        client.terminate();
      }
      server.close();
    },
  };
}

function createSender(client: WebSocket): (message: StreamMessage) => void {
  return (message) => {
    if (client.readyState !== WebSocket.OPEN) return;
    if (message.type === "metrics" && client.bufferedAmount > skipAbove) return;
    if (client.bufferedAmount > cutAbove) client.terminate();
    else client.send(printJson(message));
  };
}

/** Ends a client that has gone without a word, or asks faster than it reads. */
function keepAlive(client: WebSocket, clock: Clock): void {
  const silence = watchSilence({
    clock,
    everyMs: pingEveryMs,
    times: 2,
    onQuiet: () => client.ping(),
    onSilent: () => client.terminate(),
  });
  client.on("pong", () => silence.hear());
  client.on("ping", () => {
    if (client.bufferedAmount > cutAbove) client.terminate();
  });
  client.once("close", () => silence.close());
}

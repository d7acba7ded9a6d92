import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import fastify, { type FastifyInstance } from "fastify";
import { EngineError } from "../../errors.ts";
import { linkPath } from "../../protocol/link.ts";
import type { Log } from "../../protocol/ports.ts";
import type { Executions } from "../executions.ts";
import type { Registry } from "../registered-slave.ts";
import { answerError, answerErrors, describeError, toEngineError } from "./answer-error.ts";
import { addControlRoutes } from "./control-routes.ts";
import { addExecutionRoutes } from "./execution-routes.ts";
import { addHealthRoutes } from "./health-routes.ts";
import { createListenerRule, describeOpenListener, type ListenerRule } from "./listener-rule.ts";
import type { MasterParts } from "./master-parts.ts";
import { addMasterRoutes } from "./master-routes.ts";
import { printJson } from "../../protocol/print-json.ts";
import { readBodies } from "./read-body.ts";
import { refuseUpgrade, writeError } from "./refuse-upgrade.ts";
import { addSlaveRoutes } from "./slave-routes.ts";
import { createStreams } from "./stream.ts";
import { createSubmissionReader } from "./submission/submission-reader.ts";
import { addWorkflowRoutes } from "./workflow-routes.ts";

export interface ServerOptions extends Omit<MasterParts, "executions" | "registry"> {
  readonly executions: Executions;
  readonly registry: Pick<Registry, "list" | "get">;
  readonly log: Log;
  /** An empty host: all addresses. Port 0: a free one. */
  readonly host: string;
  readonly port: number;
  /** Bytes of a body; default 10 MiB. */
  readonly maxBody?: number;
  /** Names besides addresses and `localhost` under which pages may reach this master; default none. */
  readonly hosts?: readonly string[];
  /** Origins besides localhost whose pages may; default none. */
  readonly origins?: readonly string[];
  /** Takes the upgrade of a slave's link, once the listener's rule has let it through. */
  acceptLink(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** A master's listener. */
export interface Server {
  /** Opens the port; gives the URL. Throws EngineError `start_failed`. */
  listen(): Promise<string>;
  /** What the operator is warned of; empty: nothing. */
  readonly warnings: readonly string[];
  /** Ends the listener, its connections and streams; idempotent. */
  close(): Promise<void>;
}

const streamPath = /^\/(?:api\/v1\/)executions\/([^/]+)\/(?:ws|metrics\/stream)$/;

/** The REST API and the streams of CONTRACT 3; links of slaves are handed on. */
export function createServer(options: ServerOptions): Server {
  const { executions, registry, clock, log } = options;
  const host = options.host === "" ? "::" : options.host;
  const rule = createListenerRule({ host, hosts: options.hosts ?? [], origins: options.origins ?? [] });
  const warning = describeOpenListener(host);
  const warnings = warning === null ? [] : [warning];
  const server = createFramework(options.maxBody ?? 10 * 1024 * 1024);
  const routes: { readonly pattern: RegExp; readonly method: string }[] = [];
  server.addHook("onRoute", ({ url, method }) => {
    const pattern = new RegExp(`^${url.replace(/:\w+/g, "[^/]+")}/?$`);
    for (const name of [method].flat()) routes.push({ pattern, method: name });
  });
  readBodies(server);
  answerErrors(server, log, (path) =>
    [...new Set(routes.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method))].toSorted(),
  );
  applyRule(server, rule);

  addHealthRoutes(server, executions, clock);
  addMasterRoutes(server, options, () => warnings);
  addWorkflowRoutes(server, executions, createSubmissionReader());
  addExecutionRoutes(server, executions);
  addControlRoutes(server, executions);
  addSlaveRoutes(server, executions, registry);

  const streams = createStreams({ executions, clock, log });
  server.server.maxConnections = 10_000;
  server.server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", (error) => log("debug", `an upgrade broke off: ${error.message}`));
    const path = request.url?.split("?", 1)[0] ?? "";
    const refusal = rule(request);
    const stream = streamPath.exec(path)?.[1];
    if (refusal !== null) refuseUpgrade(socket, refusal);
    else if (path === linkPath) options.acceptLink(request, socket, head);
    else if (stream !== undefined) streams.accept(request, socket, head, decodeId(stream));
    else refuseUpgrade(socket, new EngineError("not_found", `there is no WebSocket at \`${path.slice(0, 200)}\``));
  });

  let closed: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    streams.close();
    await server.close();
  };
  return {
    warnings,
    listen: () => listen(server, host, options.port),
    close: () => (closed ??= close()),
  };
}

function createFramework(bodyLimit: number): FastifyInstance {
  return fastify({
    bodyLimit,
    logger: false,
    forceCloseConnections: true,
    // A client that sends or reads drop by drop does not hold a connection for ever.
    requestTimeout: 30_000,
    connectionTimeout: 60_000,
    keepAliveTimeout: 60_000,
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 1_000, maxHeaderSize: 16 * 1024 },
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 256 },
    frameworkErrors: (error, _request, reply) => {
      answerError(reply, toEngineError(error));
    },
    clientErrorHandler: (error, socket) => {
      if (error.code === "ECONNRESET" || !socket.writable) socket.destroy();
      else if (error.code === "ERR_HTTP_REQUEST_TIMEOUT")
        writeError(socket, 408, "the request took too long to arrive");
      else if (error.code === "HPE_HEADER_OVERFLOW") writeError(socket, 431, "the headers are larger than 16 KiB");
      else writeError(socket, 400, "this is no HTTP request");
    },
  }).setReplySerializer(printJson);
}

/** Before a body is read. Health checks are answered to everybody. */
function applyRule(server: FastifyInstance, rule: ListenerRule): void {
  server.addHook("onRequest", async (request, reply) => {
    if (/^(?:\/api\/v1)?\/(?:health|ready)$/.test(request.url.split("?", 1)[0] ?? "")) return;
    const refusal = rule(request.raw);
    if (refusal !== null) {
      reply.status(refusal.status).send(describeError(refusal));
      return reply;
    }
    const { origin } = request.headers;
    if (origin === undefined) return;
    reply.header("Access-Control-Allow-Origin", origin).header("Vary", "Origin");
    if (request.method !== "OPTIONS") return;
    reply.header("Access-Control-Allow-Methods", "GET, POST, DELETE");
    reply.header("Access-Control-Allow-Headers", "Content-Type").header("Access-Control-Max-Age", "600");
    return reply.status(204).send();
  });
}

async function listen(server: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    await server.listen({ host, port, ipv6Only: false });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason =
      code === "EADDRINUSE"
        ? "something listens there already"
        : code === "EACCES"
          ? "this port needs more rights"
          : message;
    throw new EngineError("start_failed", `cannot listen on ${host}:${port}: ${reason}; give another --address`, {
      cause,
    });
  }
  const { address, port: bound, family } = server.server.address() as AddressInfo;
  const shown = address === "::" || address === "0.0.0.0" ? "localhost" : family === "IPv6" ? `[${address}]` : address;
  return `http://${shown}:${bound}`;
}

/** A part of a path that is not encoded well is no id that anybody has. */
function decodeId(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import fastify, { type FastifyInstance } from "fastify";
import type { ServerConfiguration } from "../../config/configuration.ts";
import { EngineError } from "../../errors.ts";
import type { Log } from "../../protocol/ports.ts";
import type { Executions } from "../executions.ts";
import type { Registry } from "../registered-slave.ts";
import { answerError, answerErrors, describeError, toEngineError } from "./answer-error.ts";
import { serveControl } from "./control-routes.ts";
import { serveDocument } from "./document-routes.ts";
import { serveExecutions } from "./execution-routes.ts";
import { serveHealth } from "./health-routes.ts";
import { limitAnswers } from "./limit-answers.ts";
import { createListenerRule, describeOpenListener, type ListenerRule } from "./listener-rule.ts";
import type { MasterParts } from "./master-parts.ts";
import { createRouteMatcher, type MatchedRoute } from "./match-route.ts";
import { serveMaster } from "./master-routes.ts";
import { printJson } from "../../protocol/print-json.ts";
import { readBodies } from "./read-body.ts";
import { refuseUpgrade, writeError } from "./refuse-upgrade.ts";
import { routes } from "./routes.ts";
import { serveWebSockets } from "./serve-routes.ts";
import { serveSlaves } from "./slave-routes.ts";
import { createStreams } from "./stream.ts";
import { streamRoutes } from "./stream-routes.ts";
import { createSubmissionReader } from "./submission/submission-reader.ts";
import { serveWorkflows } from "./workflow-routes.ts";

export interface ServerOptions extends Omit<MasterParts, "executions" | "registry"> {
  readonly executions: Executions;
  readonly registry: Pick<Registry, "list" | "get">;
  readonly log: Log;
  readonly server: ServerConfiguration;
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

/** The REST API and the streams of CONTRACT 3; links of slaves are handed on. */
export function createServer(options: ServerOptions): Server {
  const { executions, registry, clock, log } = options;
  const { address, hosts, corsOrigins, enableCors, writeTimeoutMs } = options.server;
  const host = address.host ?? "::";
  const rule = createListenerRule({ host, hosts, origins: enableCors ? corsOrigins : null });
  const warning = describeOpenListener(host);
  const warnings = warning === null ? [] : [warning];
  const server = createFramework(options.server);
  const match = createRouteMatcher(routes);
  readBodies(server);
  answerErrors(server, log, (path) => listMethods(match(path)));
  applyRule(server, rule);
  limitAnswers(server, writeTimeoutMs, clock);

  serveHealth(server, executions, clock);
  serveMaster(server, options, () => warnings);
  serveWorkflows(server, executions, createSubmissionReader());
  serveExecutions(server, executions);
  serveControl(server, executions);
  serveSlaves(server, executions, registry);
  serveDocument(server, routes, options.card.version);
  serveWebSockets(server, streamRoutes);

  const streams = createStreams({ executions, clock, log });
  server.server.maxConnections = 10_000;
  server.server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", (error) => log("debug", `an upgrade broke off: ${error.message}`));
    const path = request.url?.split("?", 1)[0] ?? "";
    const refusal = rule(request);
    if (refusal !== null) return refuseUpgrade(socket, refusal);
    const opened = match(path).find(({ route }) => "webSocket" in route);
    if (opened?.route === streamRoutes.joinAsSlave) options.acceptLink(request, socket, head);
    else if (opened !== undefined) streams.accept(request, socket, head, opened.params["id"] ?? "");
    else refuseUpgrade(socket, new EngineError("not_found", `there is no WebSocket at \`${path.slice(0, 200)}\``));
  });

  let closed: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    streams.close();
    await server.close();
  };
  return {
    warnings,
    listen: () => listen(server, host, address.port),
    close: () => (closed ??= close()),
  };
}

function createFramework({ maxBody, readTimeoutMs }: ServerConfiguration): FastifyInstance {
  return fastify({
    bodyLimit: maxBody,
    logger: false,
    forceCloseConnections: true,
    // A client that sends or reads drop by drop does not hold a connection for ever.
    requestTimeout: readTimeoutMs,
    keepAliveTimeout: 60_000,
    http: {
      headersTimeout: Math.min(10_000, readTimeoutMs),
      connectionsCheckingInterval: 500,
      maxHeaderSize: 16 * 1024,
    },
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

/** The methods of the routes of one path; what can be read can be asked for its head alone. */
function listMethods(matched: readonly MatchedRoute[]): readonly string[] {
  const methods = matched.flatMap(({ route }) => (route.method === "GET" ? ["GET", "HEAD"] : [route.method]));
  return [...new Set(methods)].toSorted();
}

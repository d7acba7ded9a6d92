import type { IncomingMessage } from "node:http";
import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { Server as TlsServer } from "node:tls";
import fastify, { type FastifyInstance, type FastifyServerOptions } from "fastify";
import type { ServerConfiguration } from "../../config/configuration.ts";
import { EngineError } from "../../errors.ts";
import type { Clock, Log } from "../../protocol/ports.ts";
import type { BackUp } from "../back-up.ts";
import type { ExecutionFiles } from "../execution-files.ts";
import type { Executions } from "../executions.ts";
import type { Registry } from "../registered-slave.ts";
import { createAccess } from "../access/access.ts";
import { describeShortKeys } from "../access/key-ring.ts";
import { createAuthority } from "../access/certificate.ts";
import { readServerTls, type ServerTls } from "../access/listener-tls.ts";
import { type AccessSettings, openAccess } from "../access/settings.ts";
import { answerError, answerErrors, toEngineError } from "./answer-error.ts";
import { serveAuth } from "./auth-routes.ts";
import { serveBackup } from "./backup-routes.ts";
import { serveControl } from "./control-routes.ts";
import { serveDocument } from "./document-routes.ts";
import { serveExecutions } from "./execution-routes.ts";
import { serveFiles } from "./file-routes.ts";
import { serveHealth } from "./health-routes.ts";
import { serveInputs } from "./input-routes.ts";
import { drainBodies } from "./drain-bodies.ts";
import { createGuard } from "./guard.ts";
import { describeOpenListener } from "../access/listener-rule.ts";
import { limitAnswers } from "./limit-answers.ts";
import type { MasterParts } from "./master-parts.ts";
import { createRouteMatcher, type MatchedRoute } from "./match-route.ts";
import { serveMaster } from "./master-routes.ts";
import { printJson } from "../../protocol/print-json.ts";
import { createOnce, type OnceOptions } from "./once.ts";
import { readBodies } from "./read-body.ts";
import { refuseUpgrade, writeError } from "./refuse-upgrade.ts";
import { routes } from "./routes.ts";
import { serveWebSockets } from "./serve-routes.ts";
import { serveSlaves } from "./slave-routes.ts";
import { createStreams } from "./stream.ts";
import { streamRoutes } from "./stream-routes.ts";
import { createSubmissionReader } from "./submission/submission-reader.ts";
import { serveWorkflows } from "./workflow-routes.ts";

export interface ServerOptions extends Omit<MasterParts, "executions" | "registry">, Omit<OnceOptions, "most"> {
  readonly executions: Executions;
  readonly registry: Pick<Registry, "list" | "get" | "holdsTicket">;
  readonly files: Pick<ExecutionFiles, "uploads" | "discard">;
  readonly log: Log;
  readonly server: ServerConfiguration;
  readonly backUp: BackUp;
  /** Who may speak to this master; default: everybody who is near. */
  readonly access?: AccessSettings;
  /** Takes the upgrade of a slave's link, once it may be. */
  acceptLink(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** A master's listener. */
export interface Server {
  /** Opens the port; gives the URL. Throws EngineError `start_failed`. */
  listen(): Promise<string>;
  /** What the operator is warned of; empty: nothing. */
  readonly warnings: readonly string[];
  /**
   * New keys, address lists, authorities and a new certificate from now on; who came by a key, or by the certificate of an
   * authority, that is gone is cut off. Throws EngineError `invalid_config`; nothing has changed then.
   */
  renew(settings: AccessSettings): void;
  /** Ends the listener, its connections and streams; idempotent. */
  close(): Promise<void>;
}

/** The REST API and the streams of CONTRACT 3; links of slaves are handed on. */
export function createServer(options: ServerOptions): Server {
  const { executions, registry, clock, log } = options;
  const { address, hosts, corsOrigins, enableCors, writeTimeoutMs } = options.server;
  const host = address.host ?? "::";
  const { keys, addresses, tls } = options.access ?? openAccess;
  const authority = createAuthority();
  authority.replace(tls?.ca ?? null);
  const access = createAccess({
    host,
    hosts,
    origins: enableCors ? corsOrigins : null,
    keys,
    addresses,
    requestsPerSecond: options.server.rateLimit,
    clientAuth: tls?.clientAuth ?? "none",
    authority,
    clock,
    createToken: () => randomBytes(32).toString("base64url"),
  });
  const guard = createGuard({ access, routes, clock, log });
  const openWarning = keys === null ? describeOpenListener(host) : null;
  const warnings = openWarning === null ? describeShortKeys(keys ?? []) : [openWarning];
  const server = createFramework(options.server, tls === null ? null : readServerTls(tls), clock);
  const match = createRouteMatcher(routes);
  const { uploads } = options.files;
  readBodies(
    server,
    { uploads, maxUpload: options.server.maxUpload, maxBody: options.server.maxBody },
    options.files.discard,
  );
  answerErrors(server, log, (path) => listMethods(match(path)));
  guard.watch(server);
  limitAnswers(server, writeTimeoutMs, clock);
  drainBodies(server, clock);

  const once = createOnce(options);

  serveHealth(server, executions, clock);
  serveMaster(server, options, () => warnings);
  serveBackup(server, options.backUp);
  serveWorkflows(server, executions, createSubmissionReader(uploads), options.files.discard, once);
  serveInputs(server, executions, registry);
  serveExecutions(server, executions);
  serveFiles(server, executions);
  serveControl(server, executions, once);
  serveSlaves(server, executions, registry, once);
  serveDocument(server, routes, options.card.version);
  serveAuth(server, access);
  serveWebSockets(server, streamRoutes);

  const streams = createStreams({ executions, clock, log });
  server.server.on("secureConnection", (socket) => authority.greet(socket));
  server.server.maxConnections = 10_000;
  // Counted by the guard: what Node leaves out of a flood could be the header of a proxy.
  server.server.maxHeadersCount = 0;
  server.server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", (error) => log("debug", `an upgrade broke off: ${error.message}`));
    const path = request.url?.split("?", 1)[0] ?? "";
    const opened = match(path).find(({ route }) => "webSocket" in route);
    const refusal = guard.admit(request, socket, opened);
    if (refusal !== null) return refuseUpgrade(socket, refusal, clock);
    if (opened?.route === streamRoutes.joinAsSlave) options.acceptLink(request, socket, head);
    else if (opened !== undefined) streams.accept(request, socket, head, opened.params["id"] ?? "");
    else
      refuseUpgrade(socket, new EngineError("not_found", `there is no WebSocket at \`${path.slice(0, 200)}\``), clock);
  });

  let closed: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    guard.close();
    streams.close();
    await server.close();
  };
  return {
    warnings,
    renew(settings) {
      const renewed = settings.tls === null ? null : readServerTls(settings.tls);
      if ((renewed === null) !== (tls === null)) {
        throw new EngineError("invalid_config", "tls is switched on and off by a new start alone");
      }
      if (settings.tls?.clientAuth !== tls?.clientAuth) {
        throw new EngineError("invalid_config", "tls.client_auth is changed by a new start alone");
      }
      access.renew(settings);
      authority.replace(settings.tls?.ca ?? null);
      if (renewed !== null) (server.server as unknown as TlsServer).setSecureContext(renewed);
      guard.expel();
    },
    listen: () => listen(server, host, address.port),
    close: () => (closed ??= close()),
  };
}

function createFramework(
  { maxBody, readTimeoutMs }: ServerConfiguration,
  tls: ServerTls | null,
  clock: Clock,
): FastifyInstance {
  const http = {
    // Of the default a third; where a request may take longer, as at a master that hears a thousand at once, so may these.
    headersTimeout: Math.min(readTimeoutMs, Math.max(10_000, readTimeoutMs / 3)),
    connectionsCheckingInterval: 500,
    maxHeaderSize: 16 * 1024,
    // A client that offers HTTP/2 (`Upgrade: h2c`) is answered in HTTP/1.1, as one that offers nothing.
    shouldUpgradeCallback: ({ headers }: IncomingMessage) => headers.upgrade?.toLowerCase() === "websocket",
  };
  const options: FastifyServerOptions = {
    bodyLimit: maxBody,
    logger: false,
    forceCloseConnections: true,
    // A client that sends or reads drop by drop does not hold a connection for ever.
    requestTimeout: readTimeoutMs,
    keepAliveTimeout: 60_000,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 256 },
    frameworkErrors: (error, _request, reply) => {
      answerError(reply, toEngineError(error));
    },
    clientErrorHandler: (error, socket) => {
      const isHandshake = error.code?.startsWith("ERR_SSL") === true;
      if (error.code === "ECONNRESET" || isHandshake || !socket.writable) socket.destroy();
      else if (error.code === "ERR_HTTP_REQUEST_TIMEOUT")
        writeError(socket, 408, "the request took too long to arrive", clock);
      else if (error.code === "HPE_HEADER_OVERFLOW")
        writeError(socket, 431, "the headers are larger than 16 KiB", clock);
      else writeError(socket, 400, "this is no HTTP request", clock);
    },
  };
  const secured = { ...options, https: { ...http, ...tls, handshakeTimeout: 10_000 } };
  // Both listen, and answer, alike; only the framework's types tell them apart.
  const server = tls === null ? fastify({ ...options, http }) : (fastify(secured) as unknown as FastifyInstance);
  return server.setReplySerializer(printJson);
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
  return `${server.server instanceof TlsServer ? "https" : "http"}://${shown}:${bound}`;
}

/** The methods of the routes of one path; what can be read can be asked for its head alone. */
function listMethods(matched: readonly MatchedRoute[]): readonly string[] {
  const methods = matched.flatMap(({ route }) => (route.method === "GET" ? ["GET", "HEAD"] : [route.method]));
  return [...new Set(methods)].toSorted();
}

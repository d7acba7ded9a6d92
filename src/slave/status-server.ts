import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { bareAddress, isLoopback } from "../address.ts";
import { findStranger, isKnownHost } from "../came-by.ts";
import type { JsonObject } from "../protocol/json.ts";
import { EngineError } from "../errors.ts";

export interface StatusServerOptions {
  readonly host: string | null;
  readonly port: number;
  /** A taken port is replaced by a free one: nobody asked for this one. */
  readonly mayMove: boolean;
  /** Names under which it may be asked, besides addresses and `localhost`. */
  readonly names: readonly string[];
}

/** What is served, read anew for each request. */
export interface StatusPages {
  /** `/health` and `/status`. */
  health(): JsonObject;
  status(): JsonObject;
  /** `/metrics`, Prometheus text. */
  metrics(): Promise<string>;
}

/**
 * What a slave serves about itself; reads only. It has no keys: but for `/health`, it answers who a master without keys
 * would answer.
 */
export interface StatusServer {
  readonly port: number;
  /** Until then every answer is 503. */
  serve(pages: StatusPages): void;
  /** Idempotent. */
  close(): Promise<void>;
}

/** A client that stays silent, or a request that takes long to come, is cut off. */
const requestMs = 5_000;
const mostConnections = 100;

/** Throws EngineError `invalid_usage` when the address can't be had. */
export async function startStatusServer(options: StatusServerOptions): Promise<StatusServer> {
  let pages: StatusPages | null = null;
  const server = createServer(
    { requestTimeout: requestMs, headersTimeout: requestMs, connectionsCheckingInterval: 1_000, maxHeaderSize: 16_384 },
    (request, response) => {
      answer(request, response, pages, (asked) => describeRefusal(asked, options)).catch((error: unknown) => {
        writeJson(response, 500, {
          error: "internal_error",
          message: error instanceof Error ? error.message : String(error),
        });
      });
    },
  );
  server.maxConnections = mostConnections;
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  let closing: Promise<void> | null = null;
  return {
    port,
    serve(these) {
      pages = these;
    },
    close() {
      closing ??= new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      return closing;
    },
  };
}

async function listen(server: Server, { host, port, mayMove }: StatusServerOptions): Promise<void> {
  const open = async (at: number): Promise<void> => {
    server.listen(host === null ? { port: at } : { port: at, host });
    await once(server, "listening");
  };
  try {
    await open(port);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (mayMove && code === "EADDRINUSE") {
      await open(0);
      return;
    }
    const reason = code === "EADDRINUSE" ? "it is taken" : String((error as Error).message);
    throw new EngineError(
      "invalid_usage",
      `cannot listen on ${host ?? ""}:${port}: ${reason}; give another --address, :0 for any free port`,
      { cause: error },
    );
  }
}

/** Why a request is not answered; null: it is. */
function describeRefusal(request: IncomingMessage, { host, names }: StatusServerOptions): string | null {
  const stranger = host !== null && isLoopback(host) ? null : findStranger(request);
  if (stranger !== null) {
    return `a slave answers only loopback, private and link-local addresses; \`${stranger}\` is none`;
  }
  const { host: asked = "" } = request.headers;
  if (isKnownHost(asked, names)) return null;
  return `this slave does not answer to the name \`${bareAddress(asked).slice(0, 100)}\`; use its address or localhost, or name this host in \`server.hosts\` of its configuration`;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  pages: StatusPages | null,
  refuse: (request: IncomingMessage) => string | null,
): Promise<void> {
  const path = (request.url ?? "/").split("?", 1)[0];
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    writeJson(response, 405, {
      error: "method_not_allowed",
      message: `${request.method ?? ""} is not for ${path}: use GET`,
    });
    return;
  }
  const refusal = path === "/health" ? null : refuse(request);
  if (refusal !== null) {
    writeJson(response, 403, { error: "forbidden", message: refusal });
    return;
  }
  if (pages === null) {
    writeJson(response, 503, { error: "not_ready", message: "the slave is starting" });
    return;
  }
  switch (path) {
    case "/health":
      writeJson(response, 200, pages.health());
      return;
    case "/status":
      writeJson(response, 200, pages.status());
      return;
    case "/metrics": {
      // Before the head is written: it may fail.
      const text = await pages.metrics();
      response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }).end(text);
      return;
    }
    default:
      writeJson(response, 404, {
        error: "not_found",
        message: `there is no ${path}: a slave serves /health, /status and /metrics`,
      });
  }
}

function writeJson(response: ServerResponse, status: number, body: JsonObject): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" }).end(`${JSON.stringify(body)}\n`);
}

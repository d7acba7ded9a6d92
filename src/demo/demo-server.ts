import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { checkBasicAuth, checkBearer, logIn, showCookies } from "./access.ts";
import { type DemoRequest, sendError, sendJson } from "./answer.ts";
import { createCapacity } from "./capacity.ts";
import { echoBody, echoGet } from "./echo.ts";
import { echoMessages, sendEvents } from "./live.ts";
import { answerGraphql } from "./graphql.ts";
import { createSite } from "./site.ts";
import { sendBytes, sendGzip, sendLate, sendPage, sendRedirect, sendSample, sendStatus, sendStream } from "./shapes.ts";
import { createShop } from "./shop/shop.ts";

type Route = (request: DemoRequest) => void | Promise<void> | undefined;

const echoes: readonly (readonly [name: string, route: Route])[] = [
  ["get", echoGet],
  ["headers", echoGet],
  ["post", echoBody],
  ["put", echoBody],
  ["patch", echoBody],
  ["delete", echoBody],
  ["json", sendSample],
  ["status", sendStatus],
  ["delay", sendLate],
  ["bytes", sendBytes],
  ["redirect", sendRedirect],
  ["gzip", sendGzip],
  ["stream", sendStream],
  ["cookies", showCookies],
  ["basic-auth", checkBasicAuth],
  ["bearer", checkBearer],
  ["login", logIn],
  ["graphql", answerGraphql],
  ["page", sendPage],
  ["events", sendEvents],
];

function listRoutes(): ReadonlyMap<string, Route> {
  const routes = new Map<string, Route>([
    ...echoes,
    ["capacity", createCapacity()],
    ["shop", createShop()],
    ["site", createSite()],
  ]);
  const names = [...routes.keys(), "ws"].map((name) => `/${name}`);
  return routes.set("", ({ response }) => sendJson(response, { routes: names }));
}

/** The built-in target, not listening yet: a small server whose answers are made to order by their path, and a shop. */
export function createDemoServer(): Server {
  const routes = listRoutes();
  const server = createServer({ keepAliveTimeout: 120_000, noDelay: true }, (message, response) => {
    const url = message.url ?? "/";
    const mark = url.indexOf("?");
    const parts = (mark < 0 ? url : url.slice(0, mark)).split("/");
    const route = routes.get(parts[1] ?? "");
    if (route === undefined) {
      sendError(response, 404, `there is no ${url} here; GET / lists the routes`);
      return;
    }
    const query = mark < 0 ? "" : url.slice(mark + 1);
    const rest = parts.length > 2 ? parts.slice(2).map(decode) : [];
    const running = route({ message, response, rest, query });
    running?.catch(() => response.destroy());
  });
  server.maxRequestsPerSocket = 0;
  server.on("upgrade", (message: IncomingMessage, socket: Duplex, head: Buffer) => {
    echoMessages(message, socket, head).catch(() => socket.destroy());
  });
  return server;
}

/** A part that is not valid percent-encoding stands for itself. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { EngineError } from "../../errors.ts";
import type { Alarm, Clock, Log } from "../../protocol/ports.ts";
import { listHops } from "../../came-by.ts";
import type { Access } from "../access/access.ts";
import { createAudit } from "../access/audit.ts";
import type { Identity } from "../access/identity.ts";
import { toEngineError } from "./answer-error.ts";
import type { MatchedRoute } from "./match-route.ts";
import { findRole, listAdminFlags, type Route, type WebSocketRoute } from "./route.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Who sent it; null before that is known. */
    identity: Identity | null;
    /** The execution that it made; empty: none. */
    made: string;
    /** The code of the error it is answered with; empty: none. */
    failure: string;
  }
}

export interface GuardOptions {
  readonly access: Access;
  readonly routes: Readonly<Record<string, Route | WebSocketRoute>>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Asks of every request and upgrade whether it may be, and writes down what was done. */
export interface Guard {
  /** Before a body is read, and after the answer. */
  watch(server: FastifyInstance): void;
  /** Lets an upgrade in; it is cut when its key, or the authority of its certificate, is taken away. null, or why not. */
  admit(request: IncomingMessage, socket: Duplex, matched: MatchedRoute | undefined): EngineError | null;
  /** Cuts what would not be admitted any more. */
  expel(): void;
  /** Idempotent. */
  close(): void;
}

/** Keys also end by their time. */
const expelEveryMs = 5_000;

export function createGuard({ access, routes, clock, log }: GuardOptions): Guard {
  const audit = createAudit(log, clock);
  const names = new Map(Object.entries(routes).map(([name, route]) => [route, name]));
  const admitted = new Map<Duplex, Identity>();
  let alarm: Alarm;
  const expel = (): void => {
    for (const [socket, identity] of admitted) if (!access.holds(identity, socket)) socket.destroy();
  };
  const expelOften = (): void => {
    expel();
    alarm = clock.at(clock.now() + expelEveryMs, expelOften);
  };
  expelOften();

  const screen = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const { route } = request.routeOptions.config;
    const isProbe = route?.tag === "Health";
    const role = route === undefined ? "viewer" : findRole(route, request.query);
    if (!isProbe) access.screen(request.raw, role);
    const { origin } = request.headers;
    if (origin !== undefined && access.isKnownPage(request.raw)) {
      reply.header("Access-Control-Allow-Origin", origin).header("Vary", "Origin");
      if (request.method === "OPTIONS") return answerPreflight(reply);
    }
    if (isProbe) return;
    request.identity = access.recognize(request.raw, { role, webSocket: false });
    access.permit(request.identity, role);
    return;
  };
  const writeDown = (request: FastifyRequest): void => {
    const { method, url, query, routeOptions, identity, made, failure, params, ip: peer } = request;
    const { route } = routeOptions.config;
    const changes = route?.role === "operator" || route?.role === "admin";
    if (!changes && !refusals.has(failure)) return;
    const { id } = (params ?? {}) as Readonly<Record<string, string | undefined>>;
    const action =
      route === undefined
        ? `${method} ${url.split("?", 1)[0] ?? ""}`.slice(0, 100)
        : [names.get(route) ?? "", ...listAdminFlags(route, query)].join(" ");
    audit({
      identity,
      action,
      target: id ?? made,
      outcome: failure || "done",
      peer,
      hops: listHops(request.raw).join(", "),
    });
  };

  return {
    watch(server) {
      server.decorateRequest("identity", null).decorateRequest("made", "").decorateRequest("failure", "");
      server.addHook("onRequest", screen);
      server.addHook("preSerialization", (request, _reply, payload) => {
        const { execution_id: made, error } = (payload ?? {}) as Readonly<Record<string, unknown>>;
        if (typeof made === "string" && request.method === "POST") request.made = made;
        if (typeof error === "string") request.failure = error;
        return Promise.resolve(payload);
      });
      server.addHook("onResponse", (request) => Promise.resolve(writeDown(request)));
    },
    admit(request, socket, matched) {
      const from = { peer: request.socket.remoteAddress ?? "", hops: listHops(request).join(", ") };
      const action = matched === undefined ? "connect" : (names.get(matched.route) ?? "");
      const target = matched?.params["id"] ?? "";
      const role = matched?.route.role ?? "viewer";
      let identity: Identity | null = null;
      try {
        access.screen(request, role);
        identity = access.recognize(request, { role, webSocket: true });
        access.permit(identity, role);
        admitted.set(socket, identity);
        socket.once("close", () => admitted.delete(socket));
        if (role === "slave") audit({ identity, action, target, outcome: "done", ...from });
        return null;
      } catch (thrown) {
        const error = toEngineError(thrown);
        audit({ identity, action, target, outcome: error.code, ...from });
        return error;
      }
    },
    expel,
    close: () => alarm.cancel(),
  };
}

const refusals: ReadonlySet<string> = new Set(["unauthorized", "forbidden", "auth_required", "rate_limited"]);

/** A browser asks, without a key, whether its page may send one. */
function answerPreflight(reply: FastifyReply): FastifyReply {
  reply.header("Access-Control-Allow-Methods", "GET, POST, DELETE");
  reply.header("Access-Control-Allow-Headers", "Content-Type, X-API-Key, Authorization, Idempotency-Key");
  return reply.header("Access-Control-Max-Age", "600").status(204).send();
}

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Static } from "typebox";
import { EngineError } from "../../errors.ts";
import { checkBody, checkQuery } from "./check-value.ts";
import { parseBody, type RawBody } from "./read-body.ts";
import { nothing, type Route, type WebSocketRoute } from "./route.ts";

/** What a handler is given: checked, and typed as its route says. */
export interface Call<Params extends string, Query, Body> {
  readonly params: Readonly<Record<Params, string>>;
  readonly query: Query;
  readonly body: Body;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

type ParamsOf<Url extends string> = Url extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParamsOf<Rest>
  : Url extends `${string}:${infer Name}`
    ? Name
    : never;

type HandlerOf<Declared> =
  Declared extends Route<infer Url, infer Query, infer Body, infer Answer>
    ? (
        call: Call<ParamsOf<Url>, Static<Query>, Static<Body>>,
      ) => Static<Answer> | FastifyReply | Promise<Static<Answer> | FastifyReply>
    : never;

/** A handler for each route of a table; it gives the answer's body, or a reply that it has sent. */
export type Handlers<Routes> = { readonly [Name in keyof Routes]: HandlerOf<Routes[Name]> };

type AnyHandler = (call: Call<string, unknown, unknown>) => unknown;

/** Serves each route of a table by its handler, under its URL and its alias. */
export function serveRoutes<Routes extends Readonly<Record<string, Route>>>(
  server: FastifyInstance,
  routes: Routes,
  handlers: Handlers<Routes>,
): void {
  for (const [name, route] of Object.entries<Route>(routes)) {
    const handle = (handlers as unknown as Readonly<Record<string, AnyHandler>>)[name];
    if (handle === undefined) throw new EngineError("internal_error", `the route \`${name}\` has no handler`);
    serveRoute(server, route, handle);
  }
}

function serveRoute(server: FastifyInstance, route: Route, handle: AnyHandler): void {
  const { method, url, alias, query = nothing, body = nothing, bodies, answer } = route;
  const checkParameters = checkQuery<unknown>(query);
  const checkFields = method === "POST" && bodies === undefined ? checkBody<unknown>(body) : null;
  const readFields = (request: FastifyRequest): unknown =>
    checkFields === null ? null : checkFields(parseBody(request.body as RawBody | null) ?? {});
  for (const path of alias === undefined ? [url] : [url, alias]) {
    server.route({
      method,
      url: path,
      config: { route },
      handler: async (request, reply) => {
        const parameters = checkParameters(request.query);
        const fields = readFields(request);
        const params = request.params as Readonly<Record<string, string>>;
        reply.status(answer.status);
        return handle({ params, query: parameters, body: fields, request, reply });
      },
    });
  }
}

/** Says to a request without an upgrade what these paths are. */
export function serveWebSockets(server: FastifyInstance, routes: Readonly<Record<string, WebSocketRoute>>): void {
  for (const route of Object.values(routes)) {
    for (const url of route.alias === undefined ? [route.url] : [route.url, route.alias]) {
      server.get(url, { config: { route } }, () => {
        throw new EngineError("invalid_request", "this is a WebSocket; connect to it as one (ws://)");
      });
    }
  }
}

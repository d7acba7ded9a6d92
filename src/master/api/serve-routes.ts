import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Static } from "typebox";
import { EngineError } from "../../errors.ts";
import { printJson } from "../../protocol/print-json.ts";
import { checkBody, checkQuery } from "./check-value.ts";
import type { Claim, Once } from "./once.ts";
import { parseBody, type RawBody } from "./read-body.ts";
import { nothing, type Route, type WebSocketRoute } from "./route.ts";

/** What a handler is given: checked, and typed as its route says. */
export interface Call<Params extends string, Query, Body> {
  readonly params: Readonly<Record<Params, string>>;
  readonly query: Query;
  readonly body: Body;
  /** The body as it came, for routes that read it themselves; null: none. */
  readonly raw: RawBody | null;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Of a request with an Idempotency-Key. */
  readonly claim: Claim | null;
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

/** Serves each route of a table by its handler, under its URL and its alias; `once`: for those that are done once. */
export function serveRoutes<Routes extends Readonly<Record<string, Route>>>(
  server: FastifyInstance,
  routes: Routes,
  handlers: Handlers<Routes>,
  once: Once | null = null,
): void {
  for (const [name, route] of Object.entries<Route>(routes)) {
    const handle = (handlers as unknown as Readonly<Record<string, AnyHandler>>)[name];
    if (handle === undefined) throw new EngineError("internal_error", `the route \`${name}\` has no handler`);
    serveRoute(server, route, handle, once);
  }
}

function serveRoute(server: FastifyInstance, route: Route, handle: AnyHandler, once: Once | null): void {
  const { method, url, alias, query = nothing, body = nothing, bodies, answer } = route;
  const checkParameters = checkQuery<unknown>(query);
  const checkFields = method === "POST" && bodies === undefined ? checkBody<unknown>(body) : null;
  const readFields = (request: FastifyRequest): unknown =>
    checkFields === null ? null : checkFields(parseBody(rawBody(request)) ?? {});
  for (const path of alias === undefined ? [url] : [url, alias]) {
    server.route({
      method,
      url: path,
      config: { route },
      handler: async (request, reply) => {
        const parameters = checkParameters(request.query);
        const fields = readFields(request);
        const params = request.params as Readonly<Record<string, string>>;
        const key = request.headers["idempotency-key"];
        const raw = rawBody(request);
        const call = { params, query: parameters, body: fields, raw, request, reply, claim: null };
        reply.status(answer.status);
        if (!route.once || once === null || key === undefined) return handle(call);
        const asked = { caller: request.identity?.name ?? "", key: String(key), parts: listParts(request) };
        let made: unknown;
        const done = await once.perform(asked, async (claim) => {
          made = await handle({ ...call, claim });
          return { status: answer.status, body: printJson(made) };
        });
        if (!done.replayed) return made;
        reply.header("Idempotent-Replayed", "true");
        return reply.status(done.status).type("application/json; charset=utf-8").send(done.body);
      },
    });
  }
}

/** What makes a request this one: the same texts, in the same places. */
function listParts(request: FastifyRequest): readonly string[] {
  const { format, text, upload }: RawBody = rawBody(request) ?? { format: "json", text: "" };
  const files = (upload?.files ?? []).flatMap(({ name, hash }) => [name, hash]);
  return [request.method, request.url, format, text, ...files];
}

/** A request without a Content-Type has no body at all. */
function rawBody({ body }: FastifyRequest): RawBody | null {
  return (body as RawBody | null | undefined) ?? null;
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

import type { TSchema } from "typebox";
import { Type } from "./schema/type.ts";
import type { ErrorCode } from "../../errors.ts";

/** What a key may do, each including those before it: `slave` alone stands beside them. */
export const roles = ["anyone", "viewer", "operator", "admin", "slave"] as const;

/** `anyone` needs no key; viewer reads, operator also submits and steers, admin also drains, purges, manages; a slave only joins. */
export type Role = (typeof roles)[number];

/** One call of the API: everything that is known of it before a request comes. */
export interface Route<
  Url extends string = string,
  Query extends TSchema = TSchema,
  Body extends TSchema = TSchema,
  Answer extends TSchema = TSchema,
> {
  readonly method: "GET" | "POST" | "DELETE";
  /** As the router takes it: `/api/v1/executions/:id`. */
  readonly url: Url;
  /** The same call under another path. */
  readonly alias?: string;
  /** Who may call it. */
  readonly role: Role;
  /** Flags of the query that only an admin may set. */
  readonly adminFlags?: readonly string[];
  /** With an Idempotency-Key it is done once, and a retry gets the same answer. Of posts that change something. */
  readonly once?: boolean;
  /** The heading it stands under in documents. */
  readonly tag: Tag;
  /** What it does, in a few words. */
  readonly summary: string;
  /** What else a caller should know. */
  readonly description?: string;
  /** Parameters of the query; default: it takes none. */
  readonly query?: Query;
  /** A body of JSON, checked before the handler is called; default: none, or an empty map. */
  readonly body?: Body;
  /** A request without a body is as one with an empty map. */
  readonly mayOmitBody?: true;
  /** Bodies by media type that the handler reads and checks itself. */
  readonly bodies?: Readonly<Record<string, TSchema>>;
  /** What a success is answered with. */
  readonly answer: RouteAnswer<Answer>;
  /** Answers with another status that are no error. */
  readonly otherAnswers?: readonly RouteAnswer[];
  /** Codes of errors of its own, besides those that every route has. */
  readonly errors?: readonly ErrorCode[];
}

/** What a route says of one of its answers. */
export interface RouteAnswer<Body extends TSchema = TSchema> {
  readonly status: number;
  readonly description: string;
  /** Default `application/json`. */
  readonly type?: string;
  readonly schema: Body;
}

/** The headings that routes stand under in documents, and what is there. */
export const tags = {
  Workflows: "What users write: submitted, checked, stopped",
  Executions: "Runs of workflows: read, steered, followed",
  Slaves: "The processes that make the load",
  Access: "Who somebody is, and tickets for WebSockets",
  Master: "The master itself, and this description",
  Health: "For probes; never behind authentication",
} as const;
export type Tag = keyof typeof tags;

/** A call that a client opens as a WebSocket. */
export interface WebSocketRoute {
  readonly webSocket: true;
  readonly method: "GET";
  readonly url: string;
  readonly alias?: string;
  readonly role: Role;
  readonly tag: Tag;
  readonly summary: string;
  readonly description?: string;
  /** Of the texts that it sends; null: they are no part of the API. */
  readonly message: TSchema | null;
}

/** Declares a route; its types are read from its schemas. */
export function declareRoute<
  const Url extends string,
  Answer extends TSchema,
  Query extends TSchema = typeof nothing,
  Body extends TSchema = typeof nothing,
>(route: Route<Url, Query, Body, Answer>): Route<Url, Query, Body, Answer> {
  return route;
}

/** What a query or a body may hold that takes none. */
export const nothing = Type.Object({}, { additionalProperties: false });

/** Of calls that probes and browsers make, which add what they like: it is not looked at. */
export const anyQuery = Type.Object({});

/** The role that a request to this route needs, by the parameters of its query. */
export function findRole(route: Route | WebSocketRoute, query: unknown): Role {
  return listAdminFlags(route, query).length > 0 ? "admin" : route.role;
}

/** The flags in a query that only an admin may set. */
export function listAdminFlags(route: Route | WebSocketRoute, query: unknown): readonly string[] {
  const given: Readonly<Record<string, unknown>> = { ...(query as object | null) };
  const flags = "adminFlags" in route ? (route.adminFlags ?? []) : [];
  return flags.filter((flag) => given[flag] !== undefined && given[flag] !== "false");
}

declare module "fastify" {
  interface FastifyContextConfig {
    /** The route of the table that was matched; absent where none was. */
    readonly route?: Route | WebSocketRoute;
  }
}

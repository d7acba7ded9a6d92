import { request as requestPlain } from "node:http";
import { request as requestSecure } from "node:https";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import type { Form } from "./form.ts";
import { type Connection, createTlsOptions } from "./connection.ts";

export interface SentRequest {
  readonly method: "GET" | "POST" | "DELETE";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Form | null;
  readonly signal: AbortSignal;
  /** Takes the body of a success, in place of `text`. What it throws is an EngineError. */
  readonly into?: (body: Readable) => Promise<void>;
}

/** An answer, read to its end. */
export interface ReadAnswer {
  readonly status: number;
  readonly text: string;
}

/** Why there is no answer. */
export interface NoAnswer {
  /** The request may have reached the other side. */
  readonly sent: boolean;
  readonly cause: unknown;
}

/** One request; nothing is thrown. Redirects are answers. */
export async function send(request: SentRequest, connection: Connection): Promise<ReadAnswer | NoAnswer> {
  const { method, url, headers, body, signal, into } = request;
  const start = url.startsWith("https:") ? requestSecure : requestPlain;
  let sent = false;
  try {
    const answered = Promise.withResolvers<ReadAnswer>();
    const length = body === null ? {} : { "content-length": String(lengthOf(body)) };
    const outgoing = start(url, {
      method,
      headers: { ...headers, ...length },
      signal,
      // A kept connection that the other side closes meanwhile looks like a lost answer.
      agent: false,
      ...createTlsOptions(connection),
    });
    outgoing.on("socket", (socket) => {
      socket.once(url.startsWith("https:") ? "secureConnect" : "connect", () => {
        sent = true;
      });
    });
    outgoing.on("error", answered.reject);
    outgoing.on("response", (response) => {
      const status = response.statusCode ?? 0;
      const read = into !== undefined && status === 200 ? into(response).then(() => "null") : text(response);
      read.then((shown) => answered.resolve({ status, text: shown }), answered.reject);
    });
    if (body === null || typeof body === "string") outgoing.end(body ?? undefined);
    // An answer may come before all was sent: it says why.
    else pipeline(body.open(), outgoing).catch(answered.reject);
    return await answered.promise;
  } catch (cause) {
    return { sent, cause };
  }
}

function lengthOf(body: string | Form): number {
  return typeof body === "string" ? Buffer.byteLength(body) : body.length;
}

import type { Trace } from "../protocol/trace.ts";
import { type Exchange, type HttpClient, nameOrigin, type WireRequest } from "./exchange.ts";

/** A client that tells every request and what came of it. */
export function traceClient(client: HttpClient, trace: Trace): HttpClient {
  let underWay = 0;

  return {
    async exchange(request, deadline) {
      const tellAnswered = tellSent(request);
      const exchange = await client.exchange(request, deadline);
      tellAnswered(exchange);
      return exchange;
    },
    send(request, deadline, timeoutMs, listener) {
      const tellAnswered = tellSent(request);
      client.send(request, deadline, timeoutMs, {
        exchanged(exchange) {
          tellAnswered(exchange);
          listener.exchanged(exchange);
        },
      });
    },
    multiplexes: (origin) => client.multiplexes(origin),
    closeIdle: () => client.closeIdle(),
    close: () => client.close(),
  };

  /** Gives what tells its answer. */
  function tellSent(request: WireRequest): (exchange: Exchange) => void {
    const isBeside = underWay++ > 0;
    trace({ type: "sent", url: nameTarget(request), bytes: request.bytes });
    return (exchange) => {
      const asked = isBeside || underWay > 1 ? nameRequest(request) : "";
      underWay--;
      const { status, message, proto, headers, body } = exchange;
      const { blocked, connecting, tlsHandshaking, sending, waiting, receiving } = exchange;
      const times = { blocked, connecting, tlsHandshaking, sending, waiting, receiving };
      trace({ type: "answered", answer: { asked, status, message, proto, headers: headers ?? [], body, ...times } });
    };
  }
}

function nameTarget({ origin }: WireRequest): string {
  return `${origin.secure ? "https" : "http"}://${nameOrigin(origin)}`;
}

function nameRequest(request: WireRequest): string {
  const { bytes } = request;
  const [method = "", target = ""] = bytes.toString("latin1", 0, bytes.indexOf("\r")).split(" ", 2);
  // A proxy is given the whole URL.
  return `${method} ${target.startsWith("/") ? nameTarget(request) : ""}${target}`;
}

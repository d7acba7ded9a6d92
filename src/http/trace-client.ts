import type { Trace } from "../protocol/trace.ts";
import type { Exchange, HttpClient, WireRequest } from "./exchange.ts";

/** A client that tells every request and what came of it. */
export function traceClient(client: HttpClient, trace: Trace): HttpClient {
  return {
    async exchange(request, deadline) {
      tellSent(request);
      const exchange = await client.exchange(request, deadline);
      tellAnswered(exchange);
      return exchange;
    },
    send(request, deadline, timeoutMs, listener) {
      tellSent(request);
      client.send(request, deadline, timeoutMs, {
        exchanged(exchange) {
          tellAnswered(exchange);
          listener.exchanged(exchange);
        },
      });
    },
    closeIdle: () => client.closeIdle(),
    close: () => client.close(),
  };

  function tellSent({ origin, bytes }: WireRequest): void {
    trace({ type: "sent", url: `${origin.secure ? "https" : "http"}://${origin.host}:${origin.port}`, bytes });
  }

  function tellAnswered(exchange: Exchange): void {
    const { status, message, proto, headers, body } = exchange;
    const { blocked, connecting, tlsHandshaking, sending, waiting, receiving } = exchange;
    const times = { blocked, connecting, tlsHandshaking, sending, waiting, receiving };
    trace({ type: "answered", answer: { status, message, proto, headers: headers ?? [], body, ...times } });
  }
}

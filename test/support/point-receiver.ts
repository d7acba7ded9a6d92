import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { onTestFinished } from "vitest";

/** A request that a receiver was sent. */
export interface Received {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The status it was answered with; null: it was not answered. */
  readonly status: number | null;
}

/** Takes what outputs post, and answers as the test says. */
export interface PointReceiver {
  readonly url: string;
  readonly port: number;
  readonly received: readonly Received[];
  /** Bodies that were answered with success. */
  taken(): readonly Buffer[];
}

/** `answer`: by the number of the request, from 0: a status, or null for never. Default: 204. */
export async function startPointReceiver(
  answer: (request: number, response: ServerResponse) => number | null = () => 204,
): Promise<PointReceiver> {
  const received: Received[] = [];
  let count = 0;
  const server = createServer((request, response) => {
    const status = answer(count++, response);
    void buffer(request).then(
      (body) => {
        received.push({ url: request.url ?? "", headers: request.headers, body, status });
        if (status !== null) response.writeHead(status).end(status < 300 ? "" : "no, said the receiver");
      },
      () => request.destroy(),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    received,
    taken: () => received.filter(({ status }) => status !== null && status < 300).map(({ body }) => body),
  };
}

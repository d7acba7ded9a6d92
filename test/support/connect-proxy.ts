import { createServer, type Server as HttpServer, request as sendRequest } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { connect, type Socket } from "node:net";
import { certificate, key, listening } from "./transport.ts";

/** What a proxy was asked for. */
export interface ProxySeen {
  readonly port: number;
  /** `CONNECT host:port` or `GET http://…`, each with the credentials it came with. */
  readonly asked: [what: string, authorization: string][];
}

/**
 * A proxy on a free port of 127.0.0.1 that opens tunnels and passes requests with whole URLs on. `refuse`: the answer to
 * CONNECT in place of a tunnel, empty: it closes the connection.
 */
export async function startProxy({
  secure = false,
  refuse = null,
}: {
  readonly secure?: boolean;
  readonly refuse?: string | null;
} = {}): Promise<ProxySeen> {
  const asked: [string, string][] = [];
  const server: HttpServer = secure ? createHttpsServer({ cert: certificate, key }) : createServer();
  server.on("request", (question, answer) => {
    const { method = "", url = "", headers } = question;
    const { "proxy-authorization": authorization = "", ...others } = headers;
    asked.push([`${method} ${url}`, authorization]);
    const onward = sendRequest(url, { method, headers: others }, (reply) => {
      answer.writeHead(reply.statusCode ?? 0, reply.headers);
      reply.pipe(answer);
    });
    onward.on("error", () => answer.writeHead(502).end());
    question.pipe(onward);
  });
  server.on("connect", (question, socket: Socket) => {
    asked.push([`CONNECT ${question.url}`, question.headers["proxy-authorization"] ?? ""]);
    socket.on("error", () => undefined);
    if (refuse !== null) {
      socket.end(refuse);
      return;
    }
    const [host = "", port = ""] = (question.url ?? "").split(/:(?=\d+$)/);
    const onward = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n");
      onward.pipe(socket);
      socket.pipe(onward);
    });
    onward.on("error", () => socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n"));
  });
  return { port: await listening(server), asked };
}

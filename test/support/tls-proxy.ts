import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { createServer } from "node:tls";
import { certificates } from "./certificates.ts";
import { listening } from "./transport.ts";

/** How a client came. */
export interface TlsClient {
  /** Empty: none was asked for. */
  readonly serverName: string;
  readonly version: string;
  readonly cipher: string;
  /** The name in its certificate, when it showed one of the test authority; else empty. */
  readonly certificate: string;
}

/**
 * Speaks TLS for a server that does not, as `localhost`; it ends with the test. `rewrite` may change what comes from the
 * server, given the proxy's port.
 */
export async function startTlsProxy(
  targetPort: number,
  rewrite: (chunk: Buffer, port: number) => Buffer = (chunk) => chunk,
): Promise<{ readonly port: number; readonly clients: TlsClient[] }> {
  const clients: TlsClient[] = [];
  const read = (path: string) => readFileSync(path, "utf8");
  const { authority, server: own } = certificates;
  const server = createServer(
    { cert: read(own.cert), key: read(own.key), ca: read(authority), requestCert: true, rejectUnauthorized: false },
    (near) => {
      clients.push({
        serverName: typeof near.servername === "string" ? near.servername : "",
        version: near.getProtocol() ?? "",
        cipher: near.getCipher().standardName,
        certificate: near.authorized ? String(near.getPeerCertificate().subject.CN) : "",
      });
      const far = connect(targetPort, "127.0.0.1");
      near.on("error", () => far.destroy()).pipe(far);
      far.on("error", () => near.destroy()).on("end", () => near.end());
      far.on("data", (chunk: Buffer) => near.write(rewrite(chunk, port)));
    },
  );
  server.on("tlsClientError", () => undefined);
  const port = await listening(server);
  return { port, clients };
}

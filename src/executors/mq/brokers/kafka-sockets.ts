import { connect as connectTcp, isIP, type LookupFunction, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import type { BrokerPorts } from "../broker.ts";

interface SocketRequest {
  readonly host: string;
  readonly port: number;
  readonly onConnect: () => void;
}

/**
 * Sockets for a client that dials what a cluster tells it: each host is held against the target lists, and all are gone
 * when the signal is aborted. `listTlsOptions`: how TLS is spoken with a host; null: it is not.
 */
export function createKafkaSockets(
  { check, refuses, signal }: BrokerPorts,
  listTlsOptions: ((host: string) => ConnectionOptions) | null,
): (request: SocketRequest) => Socket {
  const lookup: LookupFunction = (host, { all }, done) => {
    check(host).then(
      (address) => {
        const family = isIP(address);
        if (all === true) done(null, [{ address, family }]);
        else done(null, address, family);
      },
      (error: Error) => done(error, "", 0),
    );
  };
  return ({ host, port, onConnect }) => {
    const socket =
      listTlsOptions !== null
        ? connectTls({ ...listTlsOptions(host), host, port, lookup }, onConnect)
        : connectTcp({ host, port, lookup, noDelay: true }, onConnect);
    // A literal is not looked up.
    const refusal = isIP(host) === 0 ? null : refuses(host);
    const destroy = () => socket.destroy();
    if (refusal !== null) socket.destroy(refusal);
    else if (signal.aborted) destroy();
    signal.addEventListener("abort", destroy);
    socket.on("close", () => signal.removeEventListener("abort", destroy));
    return socket;
  };
}

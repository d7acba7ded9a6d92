import { connect as connectTcp, isIP, type LookupFunction, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import type { BrokerPorts } from "../broker.ts";

interface SocketRequest {
  readonly host: string;
  readonly port: number;
  readonly ssl: ConnectionOptions | boolean | null | undefined;
  readonly onConnect: () => void;
}

/**
 * Sockets for a client that dials what a cluster tells it: each host is held against the target lists, and all are gone
 * when the signal is aborted.
 */
export function createKafkaSockets({ check, refuses, signal }: BrokerPorts): (request: SocketRequest) => Socket {
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
  return ({ host, port, ssl, onConnect }) => {
    const socket =
      typeof ssl === "object" && ssl !== null
        ? connectTls({ ...ssl, host, port, lookup, ...(isIP(host) === 0 ? { servername: host } : {}) }, onConnect)
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

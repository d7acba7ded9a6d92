import type { Socket } from "node:net";
import { codes } from "../http/codes.ts";
import type { Origin, Proxy } from "../http/exchange.ts";
import { Tunnel, type TunnelWire } from "../http/tunnel.ts";
import type { Clock } from "../protocol/ports.ts";
import { DriverFailure } from "./call-driver.ts";

/** A way to be asked for. */
export interface TunnelTarget {
  /** The proxy, for people. */
  readonly name: string;
  readonly proxy: Proxy;
  readonly origin: Origin;
}

/**
 * Asks a proxy for a connection over a socket to it that is up. The socket is as it was before then: nobody reads from
 * it. Rejects with a DriverFailure `1230` when the proxy refuses, breaks off or says nothing until `until`.
 */
export function openTunnel(
  socket: Socket,
  { name, proxy, origin }: TunnelTarget,
  wire: TunnelWire,
  { clock, until, signal }: { readonly clock: Clock; readonly until: number; readonly signal: AbortSignal },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const tunnel = new Tunnel(wire);
    const settle = () => {
      alarm?.cancel();
      signal.removeEventListener("abort", onAbort);
      socket.off("readable", onReadable).off("end", onEnd).off("error", onError);
    };
    const fail = (code: number, message: string) => {
      settle();
      // What it still says is about a socket that nobody has.
      socket.on("error", () => undefined);
      socket.destroy();
      reject(new DriverFailure(String(code), message));
    };
    const alarm = Number.isFinite(until)
      ? clock.at(until, () => fail(codes.proxy, `${name} did not answer CONNECT in time`))
      : null;
    const onAbort = () => fail(codes.other, "given up");
    const onEnd = () => fail(codes.proxy, `${name} closed the connection without an answer to CONNECT`);
    const onError = (error: NodeJS.ErrnoException) =>
      fail(codes.proxy, `${name} broke the connection: ${error.code ?? error.message}`);
    // Unlike `data`, `readable` leaves a stream that has not begun to flow when nobody listens any more.
    const onReadable = () => {
      for (let bytes = read(); bytes !== null; bytes = read()) {
        const problem = readAnswer(bytes);
        if (problem === null) continue;
        if (problem !== "") return fail(codes.proxy, `${name} ${problem}`);
        settle();
        return resolve();
      }
    };
    const read = () => socket.read() as Buffer | null;

    function readAnswer(bytes: Buffer): string | null {
      const { buffer } = wire.heads;
      for (let at = 0; at < bytes.length; at += buffer.length) {
        const problem = tunnel.read(bytes.copy(buffer, 0, at));
        if (problem !== null) return problem;
      }
      return null;
    }

    signal.addEventListener("abort", onAbort);
    socket.on("readable", onReadable).on("end", onEnd).on("error", onError);
    tunnel.ask(socket, origin, proxy);
  });
}

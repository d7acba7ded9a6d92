import { connect, isIP, type Socket } from "node:net";
import type { ConnectionOptions } from "node:tls";
import { codeOfDial, codeOfHandshake, codes, describeHandshake } from "../http/codes.ts";
import { nameOrigin, type Origin } from "../http/exchange.ts";
import { type SourceAddress, sourceFor } from "../http/source-address.ts";
import { loadTls, type Trust } from "../http/tls.ts";
import type { Clock } from "../protocol/ports.ts";
import { DriverFailure } from "./call-driver.ts";

/** Where a stream goes: addresses of a host to try in order, or a path of this machine. */
export type StreamTarget =
  | {
      readonly host: string;
      readonly addresses: readonly string[];
      readonly port: number;
      /** The address of this machine that it comes from. Default: the system chooses. */
      readonly source?: SourceAddress | null;
      /** What it is, for people, before its name. Default: nothing. */
      readonly role?: string;
    }
  | { readonly path: string }
  /** An origin, over a socket that a proxy, named by `by`, has connected with it. */
  | { readonly through: Socket; readonly origin: Origin; readonly by: string };

/**
 * Opens a TCP, TLS (with `trust`) or unix connection; each address gets its part of the time until `until`
 * (`Clock.now()`). Rejects with a DriverFailure with k6's number; by `signal` at once, with nothing left open.
 */
export async function connectStream(
  target: StreamTarget,
  trust: Trust | null,
  { clock, until, signal }: { readonly clock: Clock; readonly until: number; readonly signal: AbortSignal },
): Promise<Socket> {
  if ("path" in target) {
    return attempt(() => connect(target.path), target.path, false, until);
  }
  if ("through" in target) {
    const { through, origin, by } = target;
    if (trust === null) return through;
    const open = () => secure(trust, origin.host, { socket: through });
    return attempt(open, `${nameOrigin(origin)} through ${by}`, true, until, true);
  }
  const { host, addresses, port, source = null, role = "" } = target;
  let failure: unknown = new DriverFailure(String(codes.dial), `${host} has no address`);
  for (const [place, address] of addresses.entries()) {
    const now = clock.now();
    if (now >= until) break;
    const name = role + nameTarget(host, address, port);
    const localAddress = sourceFor(source, address);
    if (localAddress === null) {
      const message = `${name} cannot be dialled: no source address is of its family; add one to options.http.ip or --local-ips`;
      failure = new DriverFailure(String(codes.dial), message);
      continue;
    }
    const where = { host: address, port, localAddress };
    const open = trust === null ? () => connect({ ...where, noDelay: true }) : () => secure(trust, host, where);
    try {
      return await attempt(open, name, trust !== null, now + (until - now) / (addresses.length - place));
    } catch (error) {
      failure = error;
      if (signal.aborted) break;
    }
  }
  throw failure;

  function secure(trust: Trust, host: string, where: ConnectionOptions): Socket {
    const tls = loadTls();
    const name = trust.serverName ?? host;
    return tls.connect({
      ...where,
      servername: isIP(name) === 0 ? name : undefined,
      secureContext: trust.context,
      rejectUnauthorized: trust.verify,
      checkServerIdentity: (_name, certificate) => tls.checkServerIdentity(name, certificate),
    });
  }

  function attempt(open: () => Socket, name: string, isSecure: boolean, limit: number, isUp = false): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = open();
      let connected = isUp;
      const alarm = Number.isFinite(limit)
        ? clock.at(limit, () => {
            const what = connected ? "TLS handshake with" : "connection to";
            fail(new DriverFailure(String(codes.dialTimeout), `${what} ${name} timed out`));
          })
        : null;
      const settle = () => {
        alarm?.cancel();
        signal.removeEventListener("abort", abort);
        socket.off("error", onError);
      };
      const fail = (error: DriverFailure) => {
        settle();
        // What it still says is about a socket that nobody has.
        socket.on("error", () => undefined);
        socket.destroy();
        reject(error);
      };
      const abort = () => fail(new DriverFailure(String(codes.other), "given up"));
      const onError = (error: NodeJS.ErrnoException) => {
        if (connected) {
          const message = `TLS handshake with ${name} failed: ${describeHandshake(error)}`;
          fail(new DriverFailure(String(codeOfHandshake(error)), message));
          return;
        }
        const code = error.code === "ENOENT" ? codes.dialRefused : codeOfDial(error);
        const what = error.code === "ECONNREFUSED" ? "refused" : `failed: ${error.code ?? error.message}`;
        const advice = error.code === "EADDRNOTAVAIL" ? "; this machine has no such source address" : "";
        fail(new DriverFailure(String(code), `connection to ${name} ${what}${advice}`));
      };
      const done = () => {
        settle();
        resolve(socket);
      };
      signal.addEventListener("abort", abort);
      socket.on("error", onError);
      socket.once("connect", () => {
        connected = true;
        if (!isSecure) done();
      });
      if (isSecure) socket.once("secureConnect", done);
    });
  }
}

function nameTarget(host: string, address: string, port: number): string {
  const shown = address.includes(":") ? `[${address}]` : address;
  return host === address ? `${shown}:${port}` : `${host} (${shown}:${port})`;
}

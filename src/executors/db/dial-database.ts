import type { Socket } from "node:net";
import { resolve } from "node:path";
import { findAllowedAddresses } from "../../driver/allowed-addresses.ts";
import { type DriverCall, DriverFailure } from "../../driver/call-driver.ts";
import { connectStream } from "../../driver/connect-stream.ts";
import { codes } from "../../http/codes.ts";
import type { Trust } from "../../http/tls.ts";
import type { ConnectionSettings } from "./connection-settings.ts";
import type { DbPorts } from "./driver.ts";

/** How long look-up, connect and TLS may take, ms. */
const connectLimitMs = 10_000;

/**
 * A stream to the database, over TLS with `trust`, closed when the call is given up; `done` says that the connection is
 * made and no longer the call's. Rejects with a DriverFailure.
 */
export async function dialDatabase(
  { host, port, path }: ConnectionSettings,
  trust: Trust | null,
  { clock, permit, resolver }: DbPorts,
  call: DriverCall,
): Promise<{ readonly stream: Socket; done(): void }> {
  const within = { clock, until: Math.min(call.until, clock.now() + connectLimitMs), signal: call.signal };
  const stream = await (path === null ? dialHost() : dialPath(resolve(path)));
  const give = () => stream.destroy(new Error("given up"));
  call.signal.addEventListener("abort", give);
  if (call.signal.aborted) give();
  return { stream, done: () => call.signal.removeEventListener("abort", give) };

  async function dialHost(): Promise<Socket> {
    const addresses = await findAllowedAddresses(host, resolver, permit);
    const socket = await connectStream({ host, addresses, port }, trust, within);
    return socket;
  }

  function dialPath(file: string): Promise<Socket> {
    const refusal = permit.refuses(file, "");
    if (refusal !== null) throw new DriverFailure(String(codes.blockedHost), `${file} may not be dialled: ${refusal}`);
    return connectStream({ path: file }, null, within);
  }
}

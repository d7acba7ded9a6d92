import type { Socket } from "node:net";
import { codes } from "../http/codes.ts";
import { createResolver, type Resolver } from "../http/dns.ts";
import type { Origin } from "../http/exchange.ts";
import { HeadMemory } from "../http/head-memory.ts";
import { createHostMap, type DialTarget } from "../http/host-map.ts";
import { only11, Route } from "../http/route.ts";
import { createSourceAddresses, type SourceAddress } from "../http/source-address.ts";
import { createTrusts, type Trusts } from "../http/tls.ts";
import type { TunnelWire } from "../http/tunnel.ts";
import type { Clock, Permit } from "../protocol/ports.ts";
import type { ExecutorContext } from "../protocol/step.ts";
import type { HttpTls } from "../protocol/workflow.ts";
import { findAllowedAddresses } from "./allowed-addresses.ts";
import { CallWithheld, DriverFailure } from "./call-driver.ts";
import { connectStream } from "./connect-stream.ts";
import type { HttpTarget } from "./http-target.ts";
import { openTunnel } from "./open-tunnel.ts";

/** What dialling needs of a thread. */
export interface DialPorts {
  readonly clock: Clock;
  readonly permit: Permit;
  readonly resolver: Resolver;
  readonly trusts: Trusts;
  /** `options.http.hosts`. */
  readonly redirectDial: (origin: Origin) => DialTarget;
  /** `options.http.ip` and the slave's `local_ips`, by the VU's number. */
  readonly sourceOf: (vu: number) => SourceAddress | null;
  /** How the answers of proxies are read. */
  readonly tunnels: TunnelWire;
}

/** The most that is read at once of what a proxy says. */
const readSize = 16_384;

/** Those of one executor. */
export function createDialPorts({ clock, permit, workflow }: ExecutorContext): DialPorts {
  const { dnsTtlMs, hosts, sources, maxHeader } = workflow.http;
  return {
    clock,
    permit,
    resolver: createResolver(clock, dnsTtlMs),
    trusts: createTrusts(),
    redirectDial: createHostMap(hosts),
    sourceOf: createSourceAddresses(sources),
    tunnels: { limits: { maxHeader, maxBody: 0 }, heads: new HeadMemory(readSize) },
  };
}

/** Where a VU's connection goes, and how. */
export interface DialledTarget extends Pick<HttpTarget, "url" | "proxy"> {
  /** The VU's number. */
  readonly vu: number;
  readonly tls: HttpTls;
  /** Ask a proxy for a connection to a plain origin too, in place of giving it the request. */
  readonly alwaysTunnel: boolean;
}

interface Within {
  /** As `Clock.now()`. */
  readonly until: number;
  readonly signal: AbortSignal;
}

/**
 * Opens a VU's connection of an http or https URL, as http steps do: target lists, `hosts`, source addresses, every
 * address in order, the way through a proxy, TLS.
 * Rejects with a DriverFailure, and with CallWithheld when the permit was withdrawn while the name was looked up.
 */
export async function dialHttpTarget(target: DialledTarget, ports: DialPorts, within: Within): Promise<Socket> {
  const { url, proxy, vu, tls } = target;
  const { clock, permit, resolver, trusts, redirectDial, sourceOf } = ports;
  const { origin } = url;
  const route = new Route(redirectDial, origin, proxy, null, only11);
  const refusal = route.refusal(permit);
  if (refusal !== null) throw new DriverFailure(String(codes.blockedHost), refusal);
  if (proxy !== null && permit.restricts === true) await checkBehindProxy(route, ports);
  const addresses = await findAllowedAddresses(route.host, resolver, permit);
  if (!permit.maySend(clock.now())) throw new CallWithheld();
  const where = { addresses, port: route.port, source: sourceOf(vu) };
  const timing = { clock, ...within };
  const trust = origin.secure ? trusts.of(tls) : null;
  if (proxy === null) return connectStream({ ...where, host: origin.host }, trust, timing);
  const proxyTrust = proxy.secure ? { ...trusts.of(tls), serverName: null } : null;
  const socket = await connectStream({ ...where, host: proxy.host, role: "proxy " }, proxyTrust, timing);
  if (!origin.secure && !target.alwaysTunnel) return socket;
  const name = route.name(socket.remoteAddress ?? "");
  try {
    await openTunnel(socket, { name, origin, proxy }, ports.tunnels, timing);
    return await connectStream({ through: socket, origin, by: name }, trust, timing);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Where targets are restricted, an origin behind a proxy is looked up here too. */
function checkBehindProxy(route: Route, { permit, resolver }: DialPorts): Promise<void> {
  return new Promise((resolve, reject) => {
    resolver.resolve(route.origin.host, (found) => {
      const refused = route.refusalBehindProxy(permit, found);
      if (refused === null) resolve();
      else reject(new DriverFailure(String(refused.code), refused.message));
    });
  });
}

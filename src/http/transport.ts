import type { Clock, Permit } from "../protocol/ports.ts";
import type { HttpDefaults } from "../protocol/workflow.ts";
import { createClient } from "./client.ts";
import { HeadMemory } from "./head-memory.ts";
import { createHostMap } from "./host-map.ts";
import { createResolver } from "./dns.ts";
import type { HttpClient, Transport } from "./exchange.ts";
import { createSourceAddresses } from "./source-address.ts";
import { createTrusts } from "./tls.ts";
import type { Wire } from "./wire.ts";

/** What holds for all requests of a workflow. */
export type TransportOptions = Pick<HttpDefaults, "maxHeader" | "maxBody" | "dnsTtlMs" | "hosts" | "sources">;

export interface TransportPorts {
  readonly clock: Clock;
  readonly permit: Permit;
}

const readSize = 65_536;

/** The transport of one thread. Opens nothing before the first exchange. */
export function createTransport(options: TransportOptions, ports: TransportPorts): Transport {
  const clients = new Set<HttpClient>();
  let open = 0;
  let whenEmpty: (() => void) | null = null;
  let ending: Promise<void> | null = null;

  const sourceOf = createSourceAddresses(options.sources);
  const wire: Wire = {
    clock: ports.clock,
    permit: ports.permit,
    resolver: createResolver(ports.clock, options.dnsTtlMs),
    trusts: createTrusts(),
    limits: { maxHeader: options.maxHeader, maxBody: options.maxBody },
    heads: new HeadMemory(readSize),
    sockets: {
      opened() {
        open++;
      },
      closed() {
        open--;
        if (open === 0) whenEmpty?.();
      },
    },
    redirectDial: createHostMap(options.hosts),
  };

  function close(): Promise<void> {
    ending ??= new Promise((resolve) => {
      for (const client of clients) client.close();
      if (open === 0) resolve();
      else whenEmpty = resolve;
    });
    return ending;
  }

  return {
    client(signal, vu = 0) {
      const client = createClient(wire, sourceOf(vu), signal, (closed) => clients.delete(closed));
      clients.add(client);
      if (ending !== null) client.close();
      return client;
    },
    close,
  };
}

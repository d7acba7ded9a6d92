import { findAllowedAddresses } from "../../driver/allowed-addresses.ts";
import { DriverFailure } from "../../driver/call-driver.ts";
import { codes } from "../../http/codes.ts";
import type { Resolver } from "../../http/dns.ts";
import type { Clock, Log, Permit } from "../../protocol/ports.ts";
import type { BrokerAddress } from "./broker-address.ts";
import type { BrokerConnection, BrokerPorts } from "./broker.ts";
import { brokers } from "./brokers.ts";
import { describeFault, isDialFault } from "./describe-fault.ts";
import { listTlsOptions } from "./tls-options.ts";

/** How long a connection may take to say goodbye, ms. */
const farewellMs = 1_000;

interface PoolPorts {
  readonly clock: Clock;
  readonly log: Log;
  readonly permit: Permit;
  readonly resolver: Resolver;
  readonly uniqueName: string;
}

interface Entry {
  readonly stop: AbortController;
  readonly opening: Promise<BrokerConnection>;
  /** undefined: not open yet. */
  connection?: BrokerConnection;
}

/** The connections of a thread: one per address, dialled when it is first needed, and anew when it broke. */
export class BrokerPool {
  readonly #ports: PoolPorts;
  readonly #entries = new Map<BrokerAddress, Entry>();
  readonly #all = new Set<Entry>();
  #closed = false;

  constructor(ports: PoolPorts) {
    this.#ports = ports;
  }

  /** Rejects with a DriverFailure. Those who ask while it is dialled get the same. */
  get(address: BrokerAddress): BrokerConnection | Promise<BrokerConnection> {
    const known = this.#entries.get(address);
    if (known !== undefined) {
      if (known.connection === undefined) return known.opening;
      if (!known.connection.isOver) return known.connection;
      this.#drop(address, known);
    }
    if (this.#closed) return Promise.reject(new DriverFailure(String(codes.other), "given up"));
    const stop = new AbortController();
    const opening = this.#open(address, stop.signal);
    const entry: Entry = { stop, opening };
    this.#entries.set(address, entry);
    this.#all.add(entry);
    opening.then(
      (connection) => {
        entry.connection = connection;
        if (this.#closed) this.#drop(address, entry);
      },
      () => this.#drop(address, entry),
    );
    return opening;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(
      [...this.#all].map(async (entry) => {
        if (entry.connection !== undefined) await this.#within(entry.connection.close());
        entry.stop.abort();
        // One that is being opened ends by the signal.
        await this.#within(entry.opening.then((connection) => connection.close()));
      }),
    );
  }

  #drop(address: BrokerAddress, entry: Entry): void {
    if (this.#entries.get(address) === entry) this.#entries.delete(address);
    this.#all.delete(entry);
    entry.stop.abort();
    entry.connection?.close().catch((error: unknown) => {
      this.#ports.log("debug", `${address.shown}: the connection did not close: ${String(error)}`);
    });
  }

  /** Waits for something that may never end, or fail because nothing is left to be ended. */
  #within(work: Promise<unknown>): Promise<void> {
    return new Promise((resolve) => {
      const alarm = this.#ports.clock.at(this.#ports.clock.now() + farewellMs, resolve);
      const done = () => {
        alarm.cancel();
        resolve();
      };
      work.then(done, done);
    });
  }

  /** Tries each host and each of its addresses, as long as nobody answers there. */
  async #open(address: BrokerAddress, signal: AbortSignal): Promise<BrokerConnection> {
    const { clock, log, permit, resolver, uniqueName } = this.#ports;
    const { connectTimeoutMs } = address;
    const until = clock.now() + connectTimeoutMs;
    const open = await brokers[address.type]();
    let failure = new DriverFailure(String(codes.dial), `${address.shown}: there is nothing to dial`);
    for (const { host, port } of address.hosts) {
      let found: readonly string[];
      try {
        found = await findAllowedAddresses(host, resolver, permit);
      } catch (error) {
        failure = error as DriverFailure;
        continue;
      }
      for (const ip of found) {
        const left = until - clock.now();
        if (left <= 0 || signal.aborted) throw failure;
        const ports: BrokerPorts = {
          clock,
          log,
          uniqueName,
          signal,
          timeoutMs: Math.ceil(left),
          refuses: (literal) => {
            const why = permit.refuses(literal, literal);
            return why === null
              ? null
              : new DriverFailure(String(codes.blockedAddress), `${literal} may not be dialled: ${why}`);
          },
          check: async (name) => (await findAllowedAddresses(name, resolver, permit))[0] ?? name,
        };
        const tls = address.secure ? listTlsOptions(address.tls, host) : null;
        try {
          return await open({ address: ip, port, tls }, address, ports);
        } catch (error) {
          const { code, message } = error instanceof DriverFailure ? error.failure : describeFault(error, address);
          failure = new DriverFailure(code, `${address.type} ${host}:${port}: ${message}`, { cause: error });
          if (!isDialFault(error)) throw failure;
        }
      }
    }
    throw failure;
  }
}

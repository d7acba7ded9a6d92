import type { VirtualUser } from "../../protocol/step.ts";
import type { HttpClient, Origin } from "../exchange.ts";

/** What browsers have: requests at a time to one origin, each on a connection of its own. */
const mostConnections = 6;
/** On one connection of HTTP/2. */
const mostStreams = 100;

interface Lane {
  running: number;
  readonly waiting: (() => void)[];
}

/** What the pages of a VU share: how many assets load at a time from an origin, and which the iteration has loaded. */
export class VuAssets {
  readonly #client: HttpClient;
  readonly #lanes = new Map<string, Lane>();
  readonly #loaded = new Set<string>();
  #iteration = -1;

  constructor(client: HttpClient) {
    this.#client = client;
  }

  beginPage(vu: VirtualUser): void {
    if (vu.vuIteration !== this.#iteration) this.#loaded.clear();
    this.#iteration = vu.vuIteration;
  }

  /** false: this iteration has it, or is loading it. */
  claim(address: string): boolean {
    const size = this.#loaded.size;
    return this.#loaded.add(address).size > size;
  }

  /** It was not loaded after all. */
  disclaim(address: string): void {
    this.#loaded.delete(address);
  }

  /** Waits until one more asset may load from there. Each `enter` is followed by a `leave`. */
  async enter(origin: Origin): Promise<void> {
    const lane = this.#lanes.get(origin.key) ?? { running: 0, waiting: [] };
    this.#lanes.set(origin.key, lane);
    if (lane.running < this.#mostAt(origin)) lane.running++;
    else await new Promise<void>((resolve) => lane.waiting.push(resolve));
  }

  leave(origin: Origin): void {
    const lane = this.#lanes.get(origin.key);
    if (lane === undefined) return;
    lane.running--;
    for (const most = this.#mostAt(origin); lane.running < most; lane.running++) {
      const next = lane.waiting.shift();
      if (next === undefined) break;
      next();
    }
    if (lane.running === 0) this.#lanes.delete(origin.key);
  }

  #mostAt(origin: Origin): number {
    return this.#client.multiplexes(origin) ? mostStreams : mostConnections;
  }
}

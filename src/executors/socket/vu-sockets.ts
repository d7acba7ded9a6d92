import type { VuResource } from "../../protocol/step.ts";
import type { Channel } from "./channel.ts";

/** The sockets of one VU by name. */
export class VuSockets implements VuResource {
  readonly #channels = new Map<string, Channel>();
  #closed = false;

  /** A usable socket of this name; undefined: there is none. */
  find(name: string): Channel | undefined {
    const channel = this.#channels.get(name);
    if (channel === undefined || !channel.isOver) return channel;
    this.drop(name);
    return undefined;
  }

  /** Keeps a socket; one that had the name is closed. A VU that has ended keeps none. */
  keep(name: string, channel: Channel): void {
    this.drop(name);
    if (this.#closed) channel.close();
    else this.#channels.set(name, channel);
  }

  /** Closes the socket of this name; false: there is none. */
  drop(name: string): boolean {
    const channel = this.#channels.get(name);
    channel?.close();
    return this.#channels.delete(name);
  }

  close(): void {
    this.#closed = true;
    for (const name of this.#channels.keys()) this.drop(name);
  }
}

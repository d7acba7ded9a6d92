import type { VuResource } from "../../protocol/step.ts";
import type { Channel } from "./channel.ts";

/** The channels of one VU, or of all VUs of a thread, by what makes them different. */
export class Channels implements VuResource {
  readonly #open = new Map<string, Channel>();
  readonly #opening = new Map<string, Promise<Channel>>();
  #closed = false;

  /** A connected one; undefined: there is none. One that has broken is closed. */
  find(key: string): Channel | undefined {
    const channel = this.#open.get(key);
    if (channel === undefined || channel.isReady) return channel;
    this.#open.delete(key);
    channel.close();
    return undefined;
  }

  /** Who wants the same at the same time waits for the same. One that is opened after the end is closed. */
  open(key: string, open: () => Promise<Channel>): Promise<Channel> {
    const known = this.#opening.get(key);
    if (known !== undefined) return known;
    const opening = open()
      .then((channel) => {
        if (this.#closed) channel.close();
        else this.#open.set(key, channel);
        return channel;
      })
      .finally(() => this.#opening.delete(key));
    this.#opening.set(key, opening);
    return opening;
  }

  close(): void {
    this.#closed = true;
    for (const channel of this.#open.values()) channel.close();
    this.#open.clear();
  }
}

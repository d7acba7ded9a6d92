import type { VuResource } from "../../protocol/step.ts";

/** What a VU has asked a broker to send; lives until the VU or its connection ends. */
export interface Subscription {
  close(): void;
}

/** The subscriptions of one VU, for protocols that keep nothing for those who are not there. */
export class VuSubscriptions implements VuResource {
  readonly #kept = new Map<string, { readonly connection: object; readonly made: Promise<Subscription> }>();
  #closed = false;

  /** The one of this name on this connection, made if there is none. */
  async of<Kind extends Subscription>(connection: object, name: string, make: () => Promise<Kind>): Promise<Kind> {
    const known = this.#kept.get(name);
    if (known !== undefined && known.connection === connection) return known.made as Promise<Kind>;
    const made = make();
    this.#kept.set(name, { connection, made });
    try {
      const subscription = await made;
      if (this.#closed) subscription.close();
      return subscription;
    } catch (error) {
      this.#kept.delete(name);
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    // One that is being made is closed by who makes it.
    for (const { made } of this.#kept.values()) {
      made.then(
        (subscription) => subscription.close(),
        () => undefined,
      );
    }
    this.#kept.clear();
  }
}

import type { VuResource } from "../protocol/step.ts";

/** What a VU keeps under a name. */
export interface VuConnection {
  /** Can it give or take nothing any more? */
  readonly isOver: boolean;
  /** Idempotent. */
  close(): void;
}

/** The connections of one VU by name. */
export class VuConnections<Connection extends VuConnection> implements VuResource {
  readonly #connections = new Map<string, Connection>();
  #closed = false;

  /** A usable connection of this name; undefined: there is none. */
  find(name: string): Connection | undefined {
    const connection = this.#connections.get(name);
    if (connection === undefined || !connection.isOver) return connection;
    connection.close();
    return undefined;
  }

  /** The latest connection of this name, be it over or not; undefined: there was none, or it was dropped. */
  latest(name: string): Connection | undefined {
    return this.#connections.get(name);
  }

  /** Keeps a connection; one that had the name is closed. A VU that has ended keeps none. */
  keep(name: string, connection: Connection): void {
    this.drop(name);
    if (this.#closed) connection.close();
    else this.#connections.set(name, connection);
  }

  /** Closes the connection of this name; false: there is none. */
  drop(name: string): boolean {
    const connection = this.#connections.get(name);
    connection?.close();
    return this.#connections.delete(name);
  }

  close(): void {
    this.#closed = true;
    for (const name of this.#connections.keys()) this.drop(name);
  }
}

/** The connections that a VU keeps in its place `slot`, for an executor that keeps nothing else there. */
export function connectionsOf<Connection extends VuConnection>(
  vu: { readonly resources: (VuResource | undefined)[] },
  slot: number,
): VuConnections<Connection> {
  const known = vu.resources[slot];
  if (known !== undefined) return known as VuConnections<Connection>;
  const made = new VuConnections<Connection>();
  vu.resources[slot] = made;
  return made;
}

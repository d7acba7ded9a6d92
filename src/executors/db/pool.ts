import type { DriverCall } from "../../driver/call-driver.ts";
import { type ConnectionSettings, nameTarget } from "./connection-settings.ts";
import type { DbConnection, DbDriver, DbPorts } from "./driver.ts";

/** Who needs a connection. */
export interface Seeker {
  /** The call that needs it. One that was given up is told nothing any more. */
  readonly call: DriverCall;
  /** `atOnce`: it did not have to wait. */
  connected(connection: DbConnection, atOnce: boolean): void;
  failed(error: unknown): void;
}

/** A thread's connections to one database; each is used by one at a time. */
export class Pool {
  readonly driver: DbDriver;
  /** What is said of where it leads. */
  readonly target: string;
  readonly #settings: ConnectionSettings;
  readonly #ports: DbPorts;
  readonly #max: number;
  readonly #idle: DbConnection[] = [];
  readonly #open = new Set<DbConnection>();
  readonly #waiting: Seeker[] = [];
  #dialling = 0;
  #closed = false;

  /** `max`: the most connections. */
  constructor(settings: ConnectionSettings, driver: DbDriver, max: number, ports: DbPorts) {
    this.#settings = settings;
    this.target = nameTarget(settings);
    this.driver = driver;
    this.#max = max;
    this.#ports = ports;
  }

  /** Gives an idle connection at once, else a new one or the next that is free. Fails as the driver does. */
  acquire(seeker: Seeker): void {
    const idle = this.#takeIdle();
    if (idle !== null) seeker.connected(idle, true);
    else if (this.#hasRoom) void this.#dial(seeker);
    else this.#wait(seeker);
  }

  /** Gives back a connection that nothing runs on. */
  release(connection: DbConnection): void {
    if (this.#closed || connection.isBroken || connection.isInTransaction) {
      // Whoever opened a transaction without the action for it would leave it to the next.
      this.discard(connection);
      return;
    }
    const next = this.#nextWaiting();
    if (next === undefined) this.#idle.push(connection);
    // Not now: whoever gives back has not finished.
    else queueMicrotask(() => this.#give(next, connection));
  }

  /** Ends a connection; idempotent. */
  discard(connection: DbConnection): void {
    connection.destroy();
    if (this.#open.delete(connection)) this.#useRoom();
  }

  close(): void {
    this.#closed = true;
    for (const connection of this.#open) connection.destroy();
    this.#open.clear();
    this.#idle.length = 0;
  }

  get #hasRoom(): boolean {
    return this.#open.size + this.#dialling < this.#max;
  }

  #takeIdle(): DbConnection | null {
    for (;;) {
      // The latest: those that nobody needs grow old together, and the server may close them.
      const connection = this.#idle.pop();
      if (connection === undefined) return null;
      if (!connection.isBroken) return connection;
      this.discard(connection);
    }
  }

  async #dial(seeker: Seeker): Promise<void> {
    this.#dialling++;
    let connection: DbConnection | null = null;
    let failure: unknown;
    try {
      connection = await this.driver.open(this.#settings, this.#ports, seeker.call);
    } catch (error) {
      failure = error;
    }
    this.#dialling--;
    if (connection === null) seeker.failed(failure);
    else {
      if (this.#closed) connection.destroy();
      else this.#open.add(connection);
      this.#give(seeker, connection);
    }
    this.#useRoom();
  }

  #give(seeker: Seeker, connection: DbConnection): void {
    if (seeker.call.isGivenUp) this.release(connection);
    else seeker.connected(connection, false);
  }

  #wait(seeker: Seeker): void {
    const { call } = seeker;
    const message = `all ${this.#max} connections of the pool were in use all the time; raise pool.max, or use fewer VUs`;
    call.expectTimeout({ code: "pool_timeout", message });
    call.onGivenUp = () => {
      const place = this.#waiting.indexOf(seeker);
      if (place >= 0) this.#waiting.splice(place, 1);
    };
    this.#waiting.push(seeker);
  }

  #nextWaiting(): Seeker | undefined {
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next.call.onGivenUp = null;
      next.call.expectTimeout(null);
    }
    return next;
  }

  /** There may be room for a new connection. */
  #useRoom(): void {
    if (!this.#hasRoom) return;
    const next = this.#nextWaiting();
    if (next !== undefined) void this.#dial(next);
  }
}

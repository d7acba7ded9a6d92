import type { DriverCall } from "../../driver/call-driver.ts";
import type { ConnectionSettings } from "./connection-settings.ts";
import type { DbConnection, DbDriver, DbPorts } from "./driver.ts";

/** What one who waits is given: a connection, or null: look again, there may be room for a new one. */
type Wake = (connection: DbConnection | null) => void;

/** A thread's connections to one database; each is used by one at a time. */
export class Pool {
  readonly settings: ConnectionSettings;
  readonly driver: DbDriver;
  readonly #ports: DbPorts;
  readonly #max: number;
  readonly #idle: DbConnection[] = [];
  readonly #open = new Set<DbConnection>();
  readonly #waiting: Wake[] = [];
  #dialling = 0;
  #closed = false;

  /** `max`: the most connections. */
  constructor(settings: ConnectionSettings, driver: DbDriver, max: number, ports: DbPorts) {
    this.settings = settings;
    this.driver = driver;
    this.#max = max;
    this.#ports = ports;
  }

  /** An idle connection, else a new one, else the next that is free. Rejects as the driver does, and by `call.signal`. */
  async acquire(call: DriverCall): Promise<DbConnection> {
    for (;;) {
      const found = this.takeIdle() ?? (this.#hasRoom ? await this.#dial(call) : await this.#wait(call));
      if (found !== null) return found;
    }
  }

  /** Gives back a connection that nothing runs on. */
  release(connection: DbConnection): void {
    if (this.#closed || connection.isBroken || connection.isInTransaction) {
      // Whoever opened a transaction without the action for it would leave it to the next.
      this.discard(connection);
      return;
    }
    const wake = this.#waiting.shift();
    if (wake === undefined) this.#idle.push(connection);
    else wake(connection);
  }

  /** Ends a connection; idempotent. */
  discard(connection: DbConnection): void {
    connection.destroy();
    if (this.#open.delete(connection)) this.#waiting.shift()?.(null);
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

  /** An idle connection; null: there is none. */
  takeIdle(): DbConnection | null {
    for (;;) {
      // The latest: those that nobody needs grow old together, and the server may close them.
      const connection = this.#idle.pop();
      if (connection === undefined) return null;
      if (!connection.isBroken) return connection;
      this.discard(connection);
    }
  }

  async #dial(call: DriverCall): Promise<DbConnection> {
    this.#dialling++;
    try {
      const connection = await this.driver.open(this.settings, this.#ports, call);
      if (this.#closed) connection.destroy();
      else this.#open.add(connection);
      return connection;
    } finally {
      this.#dialling--;
      if (this.#hasRoom) this.#waiting.shift()?.(null);
    }
  }

  #wait(call: DriverCall): Promise<DbConnection | null> {
    const message = `all ${this.#max} connections of the pool were in use all the time; raise pool.max, or use fewer VUs`;
    call.expectTimeout({ code: "pool_timeout", message });
    return new Promise((resolve, reject) => {
      const stop = () => {
        const place = this.#waiting.indexOf(wake);
        if (place >= 0) this.#waiting.splice(place, 1);
        reject(new Error("given up"));
      };
      const wake: Wake = (connection) => {
        call.signal.removeEventListener("abort", stop);
        call.expectTimeout(null);
        resolve(connection);
      };
      call.signal.addEventListener("abort", stop);
      this.#waiting.push(wake);
    });
  }
}

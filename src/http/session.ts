import type { Challenge } from "./digest.ts";
import type { CookieJar } from "./cookie-jar.ts";
import type { HttpClient } from "./exchange.ts";
import type { VirtualUser, VuResource } from "../protocol/step.ts";
import type { HttpDefaults } from "../protocol/workflow.ts";

/** What the http steps of one VU share: its connections and its cookies. */
export class Session implements VuResource {
  readonly client: HttpClient;
  /** null: no cookie yet, or cookies are off. */
  jar: CookieJar | null = null;
  /** What servers asked of this VU by Digest, by origin and user; a nonce serves many requests. */
  readonly challenges = new Map<string, Challenge>();
  readonly #resetsCookies: boolean;
  readonly #resetsConnections: boolean;
  /** The iteration in which the session began; vu_setup has the number of the first. */
  readonly #bornIn: number;
  #hasBegun = false;
  /** The cookies that vu_setup left. */
  #kept: CookieJar | null = null;

  constructor(client: HttpClient, vu: VirtualUser, http: HttpDefaults) {
    this.client = client;
    this.#resetsCookies = http.cookies === "iteration";
    this.#resetsConnections = http.connections === "iteration";
    this.#bornIn = vu.vuIteration;
  }

  beginIteration(vu: VirtualUser): void {
    if (this.#resetsConnections) this.client.closeIdle();
    if (!this.#resetsCookies) return;
    // A session that an iteration made hears of the next one first: vu_setup left it nothing.
    if (!this.#hasBegun && vu.vuIteration !== this.#bornIn + 1) this.#kept = this.jar;
    this.#hasBegun = true;
    this.jar = this.#kept?.clone() ?? null;
  }

  close(): void {
    this.client.close();
    this.jar = null;
    this.#kept = null;
  }
}

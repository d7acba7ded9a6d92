import { Cookie, CookieJar as Store } from "tough-cookie";
import type { HttpUrl } from "./url.ts";
import { printUrl } from "./url.ts";

/** The longest list of what is remembered; beyond it everything is looked up anew. */
const mostRemembered = 64;

const limitedLife = /;\s*(?:expires|max-age)\s*=/i;

interface Remembered {
  readonly text: string;
  /** Epoch ms at which the first of its cookies runs out. */
  readonly until: number;
}

/** The cookies of one VU by RFC 6265. Load this file only when a cookie appears. */
export class CookieJar {
  readonly #store: Store;
  readonly #wall: () => number;
  readonly #remembered = new Map<string, Remembered>();
  /** The latest Set-Cookie of a name, with where it came from. */
  readonly #latest = new Map<string, string>();

  /** `wall` gives epoch milliseconds. */
  constructor(wall: () => number, store: Store = new Store()) {
    this.#store = store;
    this.#wall = wall;
  }

  /** Takes in the value of a Set-Cookie header; malformed ones and those for foreign domains are ignored. */
  add(url: HttpUrl, setCookie: string): void {
    const source = `${keyOf(url)} ${setCookie}`;
    const name = setCookie.slice(0, setCookie.indexOf("=")).trim();
    // Many servers set the same session cookie with every answer: nothing changes then.
    if (this.#latest.get(name) === source && !limitedLife.test(setCookie)) return;
    const cookie = Cookie.parse(setCookie);
    if (cookie === undefined) return;
    if (this.#latest.size >= mostRemembered) this.#latest.clear();
    this.#latest.set(cookie.key, source);
    this.#remembered.clear();
    const wall = this.#wall();
    if (cookie.maxAge !== null) {
      // The library counts Max-Age from the latest use; RFC 6265 from the moment of setting.
      cookie.expires = endOf(cookie.maxAge, wall);
      cookie.maxAge = null;
    }
    this.#store.setCookieSync(cookie, printUrl(url), { ignoreError: true, now: new Date(wall) });
  }

  /** The Cookie header for a request to `url`: `a=1; b=2`; empty: none. */
  header(url: HttpUrl): string {
    const key = keyOf(url);
    const known = this.#remembered.get(key);
    if (known !== undefined && this.#wall() < known.until) return known.text;
    const cookies = this.#find(url);
    const text = cookies.map((cookie) => cookie.cookieString()).join("; ");
    if (this.#remembered.size >= mostRemembered) this.#remembered.clear();
    this.#remembered.set(key, { text, until: cookies.reduce(earliestEnd, Number.POSITIVE_INFINITY) });
    return text;
  }

  /** The value of the cookie that would be sent to `url`; undefined: none. */
  value(url: HttpUrl, name: string): string | undefined {
    return this.#find(url).find((cookie) => cookie.key === name)?.value;
  }

  /** A jar with the same cookies and a life of its own. */
  clone(): CookieJar {
    return new CookieJar(this.#wall, this.#store.cloneSync());
  }

  #find(url: HttpUrl): Cookie[] {
    const wall = this.#wall();
    // Whether a cookie ran out is for the given clock to say, not for the library's.
    const cookies = this.#store.getCookiesSync(printUrl(url), { expire: false, sort: true });
    return cookies.filter((cookie) => expiryOf(cookie) > wall);
  }
}

/** What cookies depend on: origin and path. */
function keyOf(url: HttpUrl): string {
  const query = url.target.indexOf("?");
  return url.origin.key + (query === -1 ? url.target : url.target.slice(0, query));
}

function earliestEnd(end: number, cookie: Cookie): number {
  return Math.min(end, expiryOf(cookie));
}

/** Epoch ms; Infinity: with the session. */
function expiryOf(cookie: Cookie): number {
  return cookie.expires instanceof Date ? cookie.expires.getTime() : Number.POSITIVE_INFINITY;
}

function endOf(maxAge: number | "Infinity" | "-Infinity", wall: number): Date | "Infinity" {
  if (maxAge === "Infinity") return maxAge;
  const end = maxAge === "-Infinity" || maxAge <= 0 ? 0 : wall + maxAge * 1000;
  // Dates end there: a cookie that outlives them does not run out.
  return end > 8.64e15 ? "Infinity" : new Date(end);
}

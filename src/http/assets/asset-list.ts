import { type HttpUrl, parseUrl, printUrl } from "../url.ts";

/** What an asset is to the page that names it; a tag of its series. */
export type AssetKind = "style" | "script" | "image" | "font" | "media" | "frame" | "other";

/** Something that a browser loads because a page or a stylesheet names it. */
export interface Asset {
  readonly kind: AssetKind;
  readonly url: HttpUrl;
  /** The whole URL without credentials and fragment: equal for what is loaded once. */
  readonly address: string;
}

/** The longest reference that is followed, in characters: servers take no longer request lines. */
const longestReference = 8_192;

/** Assets in the order in which they are named, each address once. */
export interface NamedAssets {
  readonly assets: readonly Asset[];
  /** More are named than are listed. */
  readonly overflows: boolean;
}

/** The list while it is made. */
export class AssetList {
  readonly assets: Asset[] = [];
  overflows = false;
  readonly #most: number;
  readonly #known: Set<string>;
  /** As they stand in the text, each after its base: pages name the same thing again and again. */
  readonly #seen = new Set<string>();

  /** `most`: how many it may hold; `own`: the address of what names them, which is no asset of itself. */
  constructor(most: number, own: string) {
    this.#most = most;
    this.#known = new Set([own]);
  }

  finish(): NamedAssets {
    return { assets: this.assets, overflows: this.overflows };
  }

  /** Adds what a reference leads to. One that is empty, known, too long, inside the document, or no http or https URL is left out. */
  add(kind: AssetKind, reference: string | undefined, base: string): void {
    const text = reference?.trim() ?? "";
    if (text === "" || text.startsWith("#") || text.length > longestReference) return;
    const whole = `${base} ${text}`;
    if (this.#seen.has(whole)) return;
    this.#seen.add(whole);
    const url = parseUrl(text, base);
    if (url === null) return;
    const address = printUrl(url);
    if (this.#known.has(address)) return;
    if (this.assets.length === this.#most) {
      this.overflows = true;
      return;
    }
    this.#known.add(address);
    this.assets.push({ kind, url, address });
  }
}

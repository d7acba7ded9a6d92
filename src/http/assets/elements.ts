import type { AssetKind, AssetList } from "./asset-list.ts";
import { readStyle } from "./read-style.ts";

type Attributes = Readonly<Record<string, string>>;

/** Where the reading of a page stands. */
export class PageState {
  readonly list: AssetList;
  /** What references are relative to. */
  base: string;
  hasBase = false;
  /** How many elements are open of which browsers that run scripts load nothing. */
  inert = 0;
  /** What of an open `picture` is chosen. */
  picture: "none" | "open" | "chosen" = "none";
  /** A `video` or `audio` is open that takes the first of its sources. */
  wantsMedia = false;
  /** The text of an open `style` element; null: none is open. */
  style: string | null = null;

  constructor(list: AssetList, address: string) {
    this.list = list;
    this.base = address;
  }

  open(element: string): void {
    if (isInert(element)) this.inert++;
    else if (element === "picture") this.picture = "open";
    this.style = element === "style" && this.inert === 0 ? "" : null;
  }

  close(element: string): void {
    if (isInert(element)) this.inert = Math.max(0, this.inert - 1);
    else if (element === "picture") this.picture = "none";
    else if (element === "video" || element === "audio") this.wantsMedia = false;
    else if (element === "style" && this.style !== null) {
      readStyle(this.style, this.base, this.list);
      this.style = null;
    }
  }

  add(kind: AssetKind, reference: string | undefined): void {
    this.list.add(kind, reference, this.base);
  }
}

function isInert(element: string): boolean {
  return element === "noscript" || element === "template";
}

type ReadElement = (attributes: Attributes, page: PageState) => void;

/** What is read of an element's attributes, by its name. */
export const elements: ReadonlyMap<string, ReadElement> = new Map<string, ReadElement>([
  ["base", readBase],
  ["link", readLink],
  ["script", readScript],
  ["img", readImage],
  ["source", readSource],
  ["video", readMedia],
  ["audio", readMedia],
  ["input", readInput],
  ["image", readDrawing],
  ["use", readDrawing],
  ["iframe", ({ src }, page) => page.add("frame", src)],
  ["frame", ({ src }, page) => page.add("frame", src)],
  ["embed", ({ src }, page) => page.add("other", src)],
  ["object", ({ data }, page) => page.add("other", data)],
  ["body", ({ background }, page) => page.add("image", background)],
]);

/** By the `as` of a preload. */
const preloads: Readonly<Record<string, AssetKind>> = {
  style: "style",
  script: "script",
  image: "image",
  font: "font",
  audio: "media",
  video: "media",
  track: "media",
  fetch: "other",
};

const runnable = /^(?:|module|(?:text|application)\/(?:x-)?(?:java|ecma)script)$/i;

/** The first one counts. */
function readBase({ href }: Attributes, page: PageState): void {
  if (href === undefined || page.hasBase) return;
  page.hasBase = true;
  page.base = URL.parse(href, page.base)?.href ?? page.base;
}

function readLink({ rel = "", href, as = "", imagesrcset, disabled }: Attributes, page: PageState): void {
  const relations = rel.toLowerCase().split(/\s+/);
  if (relations.includes("stylesheet")) {
    if (disabled === undefined && !relations.includes("alternate")) page.add("style", href);
  } else if (relations.includes("icon")) page.add("image", href);
  else if (relations.includes("modulepreload")) page.add("script", href);
  else if (relations.includes("preload")) {
    const name = as.toLowerCase();
    const kind = Object.hasOwn(preloads, name) ? preloads[name] : undefined;
    if (kind !== undefined) page.add(kind, href ?? firstCandidate(imagesrcset));
  }
}

/** Browsers that know modules leave out what is for those that do not. */
function readScript({ src, type = "", nomodule }: Attributes, page: PageState): void {
  if (runnable.test(type.trim()) && nomodule === undefined) page.add("script", src);
}

function readImage({ src, srcset }: Attributes, page: PageState): void {
  if (page.picture !== "chosen") page.add("image", isGiven(src) ? src : firstCandidate(srcset));
}

function readSource({ src, srcset, media }: Attributes, page: PageState): void {
  if (page.picture === "open" && media === undefined && isGiven(srcset)) {
    page.picture = "chosen";
    page.add("image", firstCandidate(srcset));
  } else if (page.wantsMedia && isGiven(src)) {
    page.wantsMedia = false;
    page.add("media", src);
  }
}

function readMedia({ src, poster, preload, autoplay }: Attributes, page: PageState): void {
  page.add("image", poster);
  const isLoaded = preload?.toLowerCase() !== "none" || autoplay !== undefined;
  page.wantsMedia = isLoaded && src === undefined;
  if (isLoaded) page.add("media", src);
}

function readInput({ type = "", src }: Attributes, page: PageState): void {
  if (type.toLowerCase() === "image") page.add("image", src);
}

/** Inside `svg`. */
function readDrawing({ href, "xlink:href": old }: Attributes, page: PageState): void {
  page.add("image", href ?? old);
}

function isGiven(text: string | undefined): text is string {
  return text !== undefined && text.trim() !== "";
}

/** The URL of the first image that a `srcset` has to choose from. */
function firstCandidate(srcset: string | undefined): string | undefined {
  const candidates = (srcset ?? "").replace(/^[\s,]+/, "");
  const space = candidates.search(/\s/);
  let end = space < 0 ? candidates.length : space;
  while (candidates[end - 1] === ",") end--;
  return candidates.slice(0, end);
}

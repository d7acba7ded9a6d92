import type { Clock } from "../../protocol/ports.ts";
import type { Failure, VirtualUser } from "../../protocol/step.ts";
import type { Draft } from "../draft.ts";
import type { HttpOperation } from "../operation.ts";
import type { HttpResult } from "../result.ts";
import type { Session } from "../session.ts";
import { printUrl } from "../url.ts";
import type { Asset, NamedAssets } from "./asset-list.ts";
import type { SendAsset } from "./send-asset.ts";
import type { ThreadAssets } from "./thread-assets.ts";
import type { VuAssets } from "./vu-assets.ts";

/** Of one page, those of its stylesheets among them. */
const mostAssets = 500;
const code = "resources";

/** Is an asset of this address to be loaded? */
export type AssetRule = (address: string) => boolean;

export interface LoadOptions {
  readonly send: SendAsset;
  /** Made for each page. Throws EngineError `template`. */
  compileRule(vu: VirtualUser): AssetRule;
  /** An asset that fails fails the page. */
  readonly required: boolean;
  readonly clock: Clock;
  /** For the page with all that it loads. */
  readonly totalTimeoutMs: number;
  openSession(vu: VirtualUser): Session;
  readonly shared: ThreadAssets;
  /** Hears of each page that is loaded, failed assets or not: milliseconds from its start to its last asset. */
  pageLoaded(durationMs: number): void;
  /** Counts an error that does not fail the step; `result`: null where nothing was asked for. */
  reportError(failure: Failure, result: HttpResult | null): void;
}

/**
 * The same operation; where it succeeds with a page, what a browser would load for it is loaded too: several at a time,
 * stylesheets' own assets once they are there. The result stays that of the page, with the time of it all.
 */
export function loadAssets(operation: HttpOperation, options: LoadOptions): HttpOperation {
  const { clock, totalTimeoutMs, shared } = options;

  return async (vu, deadline) => {
    const startedAt = clock.now();
    const latest = Math.min(deadline, startedAt + totalTimeoutMs);
    const result = await operation(vu, latest);
    const { request } = result;
    if (result.failure !== null || result.interrupted || request === null || !isPage(result)) return result;
    const readPage = await shared.readPages();
    const named = readPage(result.text(), printUrl(request.url));
    const load = new PageLoad(options, vu, latest);
    await load.run(named, request, true);
    result.interrupted = load.interrupted;
    result.duration = clock.now() - startedAt;
    if (!load.interrupted) options.pageLoaded(result.duration);
    if (options.required) result.failure = load.failure;
    return result;
  };
}

function isPage(result: HttpResult): boolean {
  return /^\s*(?:text\/html|application\/xhtml\+xml)\b/i.test(result.header("content-type")[0] ?? "");
}

/** The loading of one page's assets. */
class PageLoad {
  interrupted = false;
  readonly #options: LoadOptions;
  readonly #vu: VirtualUser;
  readonly #deadline: number;
  readonly #vuAssets: VuAssets;
  readonly #isWanted: AssetRule;
  #left = mostAssets;
  #count = 0;
  #failed = 0;
  /** The first that failed. */
  #first = "";

  constructor(options: LoadOptions, vu: VirtualUser, deadline: number) {
    this.#options = options;
    this.#vu = vu;
    this.#deadline = deadline;
    this.#isWanted = options.compileRule(vu);
    this.#vuAssets = options.shared.of(options.openSession(vu));
    this.#vuAssets.beginPage(vu);
  }

  /** null: all were loaded. Equal failures read equal. */
  get failure(): Failure | null {
    if (this.#failed === 0) return null;
    return { code, message: `${this.#failed} of ${this.#count} resources failed; the first: ${this.#first}` };
  }

  /** Loads what is wanted of a list; `from`: the request whose answer names it, `reads`: stylesheets are read in turn. */
  async run({ assets, overflows }: NamedAssets, from: Draft, reads: boolean): Promise<void> {
    const loading: Promise<void>[] = [];
    let isCut = overflows;
    for (const asset of assets) {
      if (!this.#isWanted(asset.address) || !this.#vuAssets.claim(asset.address)) continue;
      if (this.#left === 0) {
        this.#vuAssets.disclaim(asset.address);
        isCut = true;
        break;
      }
      this.#left--;
      loading.push(this.#load(asset, from, reads));
    }
    if (isCut) {
      const message = `a page names more than ${mostAssets} resources; those behind them are not loaded`;
      this.#options.reportError({ code, message }, null);
    }
    await Promise.all(loading);
  }

  async #load(asset: Asset, from: Draft, reads: boolean): Promise<void> {
    const { origin } = asset.url;
    await this.#vuAssets.enter(origin);
    let result: HttpResult;
    try {
      result = await this.#options.send(this.#vu, asset, from, this.#deadline);
    } finally {
      this.#vuAssets.leave(origin);
    }
    this.#count++;
    const { failure, request } = result;
    if (result.interrupted) this.interrupted = true;
    else if (failure !== null) this.#fail(asset, failure, result);
    else if (asset.kind === "style" && reads && request !== null)
      await this.run(this.#options.shared.readStyle(result.text(), printUrl(request.url)), request, false);
  }

  #fail(asset: Asset, { code: its, message }: Failure, result: HttpResult): void {
    this.#vuAssets.disclaim(asset.address);
    this.#failed++;
    // Queries make each message another one.
    const [where = ""] = asset.address.split("?", 1);
    const why = its === `http_${result.statusCode}` ? `status ${result.statusCode}` : message;
    const described = `${asset.kind} ${where}: ${why}`;
    if (this.#failed === 1) this.#first = described;
    if (!this.#options.required) this.#options.reportError({ code: its, message: described }, result);
  }
}

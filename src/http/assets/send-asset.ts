import type { VirtualUser } from "../../protocol/step.ts";
import { type Draft, redirectDraft, type WireSettings, writeRequest } from "../draft.ts";
import { expectStatus } from "../expected-status.ts";
import { createOperation, type HttpOperation, type OperationOptions } from "../operation.ts";
import type { Origin } from "../exchange.ts";
import type { PreparedRequest } from "../prepared-request.ts";
import type { HttpResult } from "../result.ts";
import type { StepSeries } from "../series.ts";
import type { Session } from "../session.ts";
import { drawTraceparent } from "../traceparent.ts";
import { type HttpUrl, printUrl } from "../url.ts";
import type { Asset, AssetKind } from "./asset-list.ts";

/** Sends the request for an asset; `from`: the request whose answer names it. */
export type SendAsset = (
  vu: VirtualUser,
  asset: Asset,
  from: Draft,
  deadline: number,
) => HttpResult | Promise<HttpResult>;

export interface AssetSenderOptions extends Omit<OperationOptions, "prepare" | "series"> {
  seriesOf(kind: AssetKind, isExpected: (status: number) => boolean): StepSeries;
  /** Each request has ids of its own in `traceparent`. */
  readonly traces: boolean;
}

/**
 * Assets are asked for as the page is, by its step's settings: with its headers, but credentials and own cookies only
 * on its host; Digest challenges are answered where the step has answered one. A status from 400 on is a failure, whatever the step expects of the page.
 */
export function createAssetSender(options: AssetSenderOptions): SendAsset {
  const isExpected = expectStatus(null);
  const operations = new Map<string, HttpOperation>();
  let next: PreparedRequest | null = null;

  function operationOf(kind: AssetKind, answersDigest: boolean): HttpOperation {
    const key = `${kind} ${answersDigest}`;
    const known = operations.get(key);
    if (known !== undefined) return known;
    const operation = createOperation({
      ...options,
      // Called at once by the operation, below.
      prepare: () => next as PreparedRequest,
      settings: settingsOf(kind),
      series: options.seriesOf(kind, isExpected),
      digest: answersDigest ? options.digest : null,
    });
    operations.set(key, operation);
    return operation;
  }

  /** Nothing but stylesheets is read. */
  function settingsOf(kind: AssetKind): WireSettings {
    const { settings } = options;
    return {
      ...settings,
      keepBody: kind === "style",
      keepHeaders: kind === "style" || settings.keepHeaders,
      expects: null,
    };
  }

  return (vu, asset, from, deadline) => {
    const draft = draftAsset(from, asset.url, options.traces);
    const { origin } = asset.url;
    const operation = operationOf(
      asset.kind,
      options.digest !== null && wasChallenged(options.openSession(vu), origin),
    );
    next = { draft, wire: writeRequest(draft, "", settingsOf(asset.kind)) };
    return operation(vu, deadline);
  };
}

function wasChallenged({ challenges }: Session, origin: Origin): boolean {
  return challenges.keys().some((key) => key.startsWith(`${origin.key} `));
}

function draftAsset(from: Draft, url: HttpUrl, traces: boolean): Draft {
  const { names, lines, ...rest } = redirectDraft({ ...from, method: "POST" }, 303, url);
  const own = new Map<string, string>([["accept", "accept: */*\r\n"]]);
  const referer = makeReferer(from.url, url);
  if (referer !== null) own.set("referer", `referer: ${referer}\r\n`);
  if (traces) own.set("traceparent", `traceparent: ${drawTraceparent()}\r\n`);
  const others = names.flatMap((name, place) =>
    own.has(name) || name === "referer" ? [] : [[name, lines[place] ?? ""] as const],
  );
  const all = [...others, ...own];
  return { ...rest, names: all.map(([name]) => name), lines: all.map(([, line]) => line) };
}

/** As browsers do where a page says nothing of it: the whole URL to its own origin, the origin to others; null: none. */
function makeReferer(from: HttpUrl, to: HttpUrl): string | null {
  if (from.origin.key === to.origin.key) return printUrl(from);
  if (from.origin.secure && !to.origin.secure) return null;
  return printUrl({ ...from, target: "/" });
}

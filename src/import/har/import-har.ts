import type { Json, JsonObject } from "../../protocol/json.ts";
import { asList, asNumber, asObject, asText } from "../../protocol/json-values.ts";
import { createDraft, type Draft } from "../draft.ts";
import { refuseUrl } from "../globs.ts";
import { writeHttpStep } from "../http-step.ts";
import type { Imported, ImportOptions } from "../importer.ts";
import { notOfFormat, readJsonSource } from "../read-source-value.ts";
import { type Pair, type RequestBody } from "../request-body.ts";
import { escapeTemplate } from "../template-text.ts";
import { readHarBody } from "./har-body.ts";

/** One request of the recording. */
interface Entry {
  readonly where: string;
  readonly page: string;
  /** Epoch milliseconds; NaN: not recorded. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly redirectUrl: string | null;
  readonly request: JsonObject;
}

/** Pauses below this are no thinking, ms. */
const leastPause = 100;
/** A recording that was left alone for longer is not waited for, ms. */
const longestPause = 120_000;

/** Reads HAR 1.1 and 1.2: pages become groups, requests steps in the order of their start, gaps think times. */
export function importHar(text: string, options: ImportOptions): Imported {
  const log = asObject(readJsonSource(text, "HAR")["log"]);
  if (!Array.isArray(log["entries"])) throw notOfFormat("HAR", "there is no list `log.entries`");
  const draft = createDraft();
  const entries = asList(log["entries"]).map((entry, at) => readEntry(asObject(entry), at));
  const kept = chooseEntries(entries.sort(byStart), options, draft);
  const titles = new Map(
    asList(log["pages"]).map((page) => [asText(asObject(page)["id"]) ?? "", asText(asObject(page)["title"]) ?? ""]),
  );
  return draft.finish({ name: options.name, steps: groupByPage(kept, titles, options, draft) });
}

function readEntry(entry: JsonObject, at: number): Entry {
  const request = asObject(entry["request"]);
  const response = asObject(entry["response"]);
  const startedAt = Date.parse(asText(entry["startedDateTime"]) ?? "");
  return {
    where: `entries[${at}]`,
    page: asText(entry["pageref"]) ?? "",
    startedAt,
    endedAt: startedAt + Math.max(0, asNumber(entry["time"]) ?? 0),
    method: asText(request["method"]) ?? "GET",
    url: asText(request["url"]) ?? "",
    status: asNumber(response["status"]) ?? 0,
    redirectUrl: asText(response["redirectURL"]) || null,
    request,
  };
}

/** Entries without a time keep their place. */
function byStart(left: Entry, right: Entry): number {
  return left.startedAt - right.startedAt || 0;
}

function chooseEntries(entries: readonly Entry[], options: ImportOptions, draft: Draft): Entry[] {
  const followed = new Set<string>();
  return entries.filter((entry) => {
    const what = `${entry.method} ${entry.url.slice(0, 200)}`;
    const why = refuseEntry(entry, followed, options);
    if (entry.redirectUrl !== null && URL.canParse(entry.redirectUrl, entry.url) && why === null)
      followed.add(new URL(entry.redirectUrl, entry.url).href);
    if (why !== null) draft.leaveOut(what.replace(/[?#][^]*$/, ""), entry.where, why);
    return why === null && draft.hasRoom(what.replace(/[?#][^]*$/, ""), entry.where);
  });
}

function refuseEntry({ url, method }: Entry, followed: Set<string>, options: ImportOptions): string | null {
  if (!/^https?:\/\//i.test(url) || !URL.canParse(url)) return "not an http:// or https:// URL";
  if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(method)) return "no method of HTTP";
  if (method.toUpperCase() === "CONNECT") return "the tunnel of a proxy";
  if (followed.delete(new URL(url).href)) return "a redirect that the client follows by itself";
  return refuseUrl(url, options);
}

function groupByPage(
  entries: readonly Entry[],
  titles: ReadonlyMap<string, string>,
  options: ImportOptions,
  draft: Draft,
): Json[] {
  const steps: Json[] = [];
  for (let at = 0; at < entries.length; ) {
    const page = entries[at]?.page ?? "";
    let end = at;
    while (end < entries.length && entries[end]?.page === page) end += 1;
    const name = titles.get(page) || page;
    const id = titles.has(page) ? draft.stepId(name) : "";
    const inside = entries
      .slice(at, end)
      .flatMap((entry, place) => writeEntry(entry, entries[at + place + 1], options, draft));
    if (titles.has(page)) steps.push({ id, name: escapeTemplate(name), type: "group", config: { steps: inside } });
    else steps.push(...inside);
    at = end;
  }
  return steps;
}

function writeEntry(entry: Entry, next: Entry | undefined, options: ImportOptions, draft: Draft): Json[] {
  const { request, status, where } = entry;
  let cookies = 0;
  const headers = asList(request["headers"]).flatMap((header): Pair[] => {
    const name = asText(asObject(header)["name"]) ?? "";
    if (name.toLowerCase() === "cookie" && !options.cookies) {
      cookies += 1;
      return [];
    }
    return [[escapeTemplate(name), escapeTemplate(asText(asObject(header)["value"]) ?? "")]];
  });
  if (cookies > 0)
    draft.leaveOut(
      "the header cookie",
      where,
      "each virtual user keeps the cookies it is given; --cookies sends recorded ones",
    );
  const body: RequestBody | null = readHarBody(asObject(request["postData"]), where, draft);
  const gap = next === undefined ? 0 : Math.min(next.startedAt - entry.endedAt, longestPause);
  const step = writeHttpStep(
    {
      name: "",
      where,
      method: entry.method,
      url: escapeTemplate(entry.url),
      headers: headers.filter(([name]) => name !== ""),
      body,
      // A recorded failure is what the server says to this request.
      config: status >= 400 && status < 600 ? { expect_status: status } : {},
      step: options.thinkTimes && gap >= leastPause ? { think_time: `${Math.round(gap)}ms` } : {},
    },
    draft,
  );
  return step === null ? [] : [step];
}

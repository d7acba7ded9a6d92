import type { Socket } from "node:net";
import { EngineError } from "../errors.ts";
import { compileAuth } from "../http/compile-values.ts";
import { combineTexts, type CompiledText, compileText, constantText } from "../http/compiled-text.ts";
import { codes } from "../http/codes.ts";
import { createResolver, type Resolver } from "../http/dns.ts";
import { findBase } from "../http/find-base.ts";
import { checkHeader, refuseHeaderName } from "../http/header-rules.ts";
import { createHostMap, type DialTarget } from "../http/host-map.ts";
import type { Origin } from "../http/exchange.ts";
import { createSourceAddresses, type SourceAddress } from "../http/source-address.ts";
import { createTrusts, type Trusts } from "../http/tls.ts";
import { createUrlReader, type HttpUrl, joinUrl } from "../http/url.ts";
import { readUserAgent } from "../http/user-agent.ts";
import type { Clock, Permit } from "../protocol/ports.ts";
import type { Evaluate, ExecutorContext, StepContext } from "../protocol/step.ts";
import type { HttpDefaults, HttpTls } from "../protocol/workflow.ts";
import { findAllowedAddresses } from "./allowed-addresses.ts";
import { CallWithheld, DriverFailure } from "./call-driver.ts";
import { connectStream } from "./connect-stream.ts";

/** Where a long-lived HTTP request of a step goes, and with which headers. */
export interface HttpTarget {
  readonly url: HttpUrl;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The part of a step's config that says it. Texts may be templates. */
export interface HttpTargetConfig {
  /** `ws:` and `wss:` stand for `http:` and `https:`. */
  readonly url: string;
  readonly domain: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Compiles a step's url, by `domain` or `base_url`, and its headers, those of `options.http` and its auth before them.
 * Throws EngineError `invalid_workflow`; evaluating throws `template` or `invalid_request`.
 */
export function compileHttpTarget(
  { url, domain, headers }: HttpTargetConfig,
  http: HttpDefaults,
  stepId: string,
  templates: StepContext,
): Evaluate<HttpTarget> {
  const base = compileText(findBase(domain, http, stepId) ?? "", templates);
  const whole = combineTexts([compileText(url, templates), base], ([text = "", start = ""]) =>
    (start === "" ? text : joinUrl(start, text)).replace(/^ws(?=s?:)/i, "http"),
  );
  const values = new Map<string, CompiledText>([["user-agent", constantText(readUserAgent())]]);
  if (http.auth !== null) values.set("authorization", compileAuth(http.auth, templates));
  for (const [name, value] of [...http.headers, ...Object.entries(headers)]) {
    refuseHeaderName(name.toLowerCase());
    values.set(name.toLowerCase(), compileText(value, templates));
  }
  const readUrl = createUrlReader();
  const evaluate = (vu: Parameters<typeof base.evaluate>[0]): HttpTarget => {
    const text = whole.evaluate(vu);
    const read = readUrl(text);
    if (read === null) throw new EngineError("invalid_request", `\`${text.slice(0, 200)}\` is no URL; check url`);
    const named = [...values].map(([name, value]) => [name, checkHeader(name, value.evaluate(vu))] as const);
    return { url: read, headers: Object.fromEntries(named) };
  };
  const isFixed = [whole, ...values.values()].every(({ constant }) => constant !== undefined);
  let fixed: HttpTarget | null = null;
  return isFixed ? (vu) => (fixed ??= evaluate(vu)) : evaluate;
}

/** What dialling needs of a thread. */
export interface DialPorts {
  readonly clock: Clock;
  readonly permit: Permit;
  readonly resolver: Resolver;
  readonly trusts: Trusts;
  /** `options.http.hosts`. */
  readonly redirectDial: (origin: Origin) => DialTarget;
  /** `options.http.ip` and the slave's `local_ips`, by the VU's number. */
  readonly sourceOf: (vu: number) => SourceAddress | null;
}

/** Those of one executor. */
export function createDialPorts({ clock, permit, workflow }: ExecutorContext): DialPorts {
  const { dnsTtlMs, hosts, sources } = workflow.http;
  return {
    clock,
    permit,
    resolver: createResolver(clock, dnsTtlMs),
    trusts: createTrusts(),
    redirectDial: createHostMap(hosts),
    sourceOf: createSourceAddresses(sources),
  };
}

/**
 * Opens a VU's connection of an http or https URL, as http steps do but for proxies: target lists, `hosts`, source
 * addresses, every address in order, TLS.
 * Rejects with a DriverFailure, and with CallWithheld when the permit was withdrawn while the name was looked up.
 */
export async function dialHttpTarget(
  { origin }: HttpUrl,
  vu: number,
  tls: HttpTls,
  { clock, permit, resolver, trusts, redirectDial, sourceOf }: DialPorts,
  within: { readonly until: number; readonly signal: AbortSignal },
): Promise<Socket> {
  const { host, port } = redirectDial(origin);
  const refusal = permit.refuses(origin.host, "");
  if (refusal !== null)
    throw new DriverFailure(String(codes.blockedHost), `${origin.host} may not be dialled: ${refusal}`);
  const addresses = await findAllowedAddresses(host, resolver, permit);
  if (!permit.maySend(clock.now())) throw new CallWithheld();
  const trust = origin.secure ? trusts.of(tls) : null;
  return connectStream({ host: origin.host, addresses, port, source: sourceOf(vu) }, trust, { clock, ...within });
}

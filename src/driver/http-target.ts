import { EngineError } from "../errors.ts";
import { compileAuth } from "../http/compile-values.ts";
import { combineTexts, type CompiledText, compileText, constantText } from "../http/compiled-text.ts";
import { findBase } from "../http/find-base.ts";
import { refuseHeaderName, requireNodeHeader } from "../http/header-rules.ts";
import type { Proxy } from "../http/exchange.ts";
import type { ChooseProxy } from "../http/proxy.ts";
import { createUrlReader, type HttpUrl, joinUrl } from "../http/url.ts";
import { readUserAgent } from "../http/user-agent.ts";
import type { Evaluate, StepContext } from "../protocol/step.ts";
import type { HttpDefaults } from "../protocol/workflow.ts";
import { evaluateOnce } from "./constant-texts.ts";

/** Where a long-lived HTTP request of a step goes, and with which headers. */
export interface HttpTarget {
  readonly url: HttpUrl;
  /** null: straight to the origin. */
  readonly proxy: Proxy | null;
  /** Lower-case names; values as Node's client takes them. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface CompiledTarget {
  /** It is the same for every VU. */
  readonly isConstant: boolean;
  readonly evaluate: Evaluate<HttpTarget>;
}

/** The part of a step's config that says it. Texts may be templates. */
export interface HttpTargetConfig {
  /** `ws:` and `wss:` stand for `http:` and `https:`. */
  readonly url: string;
  readonly domain: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** A URL, which may hold templates, or `env`; null: none. */
  readonly proxy: string | null;
}

/**
 * Compiles a step's url, by `domain` or `base_url`, and its headers, those of `options.http` and its auth before them.
 * Throws EngineError `invalid_workflow`; evaluating throws `template` or `invalid_request`.
 */
export function compileHttpTarget(
  { url, domain, headers }: HttpTargetConfig,
  http: HttpDefaults,
  chooseProxy: ChooseProxy | null,
  stepId: string,
  templates: StepContext,
): CompiledTarget {
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
    const named = [...values].map(([name, value]) => [name, requireNodeHeader(name, value.evaluate(vu))] as const);
    return { url: read, proxy: chooseProxy?.(read.origin) ?? null, headers: Object.fromEntries(named) };
  };
  const isFixed = [whole, ...values.values()].every(({ constant }) => constant !== undefined);
  return { isConstant: isFixed, evaluate: isFixed ? evaluateOnce(evaluate) : evaluate };
}

import { compileMatch, type Matches } from "../../driver/compile-match.ts";
import { evaluateOnce, isConstantJson } from "../../driver/constant-texts.ts";
import { compileHttpTarget, type HttpTarget } from "../../driver/http-target.ts";
import { toJsonText } from "../../expression/text.ts";
import { compileText } from "../../http/compiled-text.ts";
import { requireNodeHeader } from "../../http/header-rules.ts";
import type { ChooseProxy } from "../../http/proxy.ts";
import { printUrl } from "../../http/url.ts";
import type { Json } from "../../protocol/json.ts";
import type { Evaluate, StepContext } from "../../protocol/step.ts";
import type { HttpDefaults, Step } from "../../protocol/workflow.ts";
import type { SseConfig } from "./sse-config.ts";

/** A step's texts, filled in for one VU. */
export interface SseTexts {
  readonly name: string;
  /** null: the step only names its stream. */
  readonly target: (HttpTarget & { readonly body: string | null }) | null;
  /** As a header's value; null: the id of the stream before. */
  readonly lastEventId: string | null;
  readonly event: string | null;
  readonly matches: Matches | null;
}

/** Throws EngineError `template` when called for what cannot be filled in. */
export function compileTexts(
  step: Step,
  http: HttpDefaults,
  chooseProxy: ChooseProxy | null,
  templates: StepContext,
): Evaluate<SseTexts> {
  // The step's spec has checked and completed it.
  const config = step.config as unknown as SseConfig;
  const { body: given } = config;
  const optional = (text: string | null) => (text === null ? null : compileText(text, templates));
  const target = config.url === "" ? null : compileHttpTarget(config, http, chooseProxy, step.id, templates);
  const name = optional(config.name);
  const event = optional(config.event);
  const lastEventId = optional(config.lastEventId);
  const matches = compileMatch(config.match, templates);
  const text = given !== null && "text" in given ? compileText(given.text, templates) : null;
  const json = given !== null && "json" in given ? templates.templateJson(given.json) : null;
  const own: Readonly<Record<string, string>> = json === null ? {} : { "content-type": "application/json" };
  const evaluateAll: Evaluate<SseTexts> = (vu) => {
    const where = target?.evaluate(vu) ?? null;
    const body = json === null ? (text?.evaluate(vu) ?? null) : toJsonText(json(vu));
    const id = lastEventId?.evaluate(vu) ?? null;
    return {
      name: name?.evaluate(vu) ?? (where === null ? "" : printUrl(where.url)),
      target: where === null ? null : { ...where, headers: { ...own, ...where.headers }, body },
      lastEventId: id === null ? null : requireNodeHeader("last-event-id", id),
      event: event?.evaluate(vu) ?? null,
      matches: matches?.(vu) ?? null,
    };
  };
  const isConstant = (target?.isConstant ?? true) && isConstantJson(config as unknown as Json);
  return isConstant ? evaluateOnce(evaluateAll) : evaluateAll;
}

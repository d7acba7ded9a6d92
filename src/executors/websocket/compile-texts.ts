import { EngineError } from "../../errors.ts";
import { toJsonText } from "../../expression/text.ts";
import { compileMatch, type Matches } from "../../driver/compile-match.ts";
import { evaluateOnce, isConstantJson } from "../../driver/constant-texts.ts";
import { compileHttpTarget, type HttpTarget } from "../../driver/http-target.ts";
import { compileText } from "../../http/compiled-text.ts";
import { isHttpToken } from "../../protocol/http-token.ts";
import type { ChooseProxy } from "../../http/proxy.ts";
import { printUrl } from "../../http/url.ts";
import { readBytes } from "../../protocol/encoded-bytes.ts";
import type { Json } from "../../protocol/json.ts";
import type { Evaluate, StepContext } from "../../protocol/step.ts";
import type { HttpDefaults, Step } from "../../protocol/workflow.ts";
import type { WebSocketConfig } from "./websocket-config.ts";

/** Where a step connects. */
export interface WebSocketTarget extends HttpTarget {
  readonly subprotocols: readonly string[];
}

/** A step's texts, filled in for one VU. */
export interface WebSocketTexts {
  readonly name: string;
  /** null: the step only names its connection. */
  readonly target: WebSocketTarget | null;
  /** A text is sent as a text message. null: nothing to send. */
  readonly data: string | Buffer | null;
  readonly matches: Matches | null;
  readonly reason: string;
}

/** Throws EngineError `template` when called for what is no encoding or no pattern. */
export function compileTexts(
  step: Step,
  http: HttpDefaults,
  chooseProxy: ChooseProxy | null,
  templates: StepContext,
): Evaluate<WebSocketTexts> {
  // The step's spec has checked and completed it.
  const config = step.config as unknown as WebSocketConfig;
  const target = config.url === "" ? null : compileHttpTarget(config, http, chooseProxy, step.id, templates);
  const name = config.name === null ? null : compileText(config.name, templates);
  const subprotocols = config.subprotocols.map((text) => compileText(text, templates));
  const matches = compileMatch(config.match, templates);
  const data = compileData(config, templates);
  const reason = compileText(config.reason, templates);
  const evaluateAll: Evaluate<WebSocketTexts> = (vu) => {
    const where = target?.evaluate(vu) ?? null;
    return {
      name: name?.evaluate(vu) ?? (where === null ? "" : printUrl(where.url)),
      target: where === null ? null : { ...where, subprotocols: offer(subprotocols.map((text) => text.evaluate(vu))) },
      data: data?.(vu) ?? null,
      matches: matches?.(vu) ?? null,
      reason: reason.evaluate(vu),
    };
  };
  const isConstant = (target?.isConstant ?? true) && isConstantJson(config as unknown as Json);
  return isConstant ? evaluateOnce(evaluateAll) : evaluateAll;
}

/** Subprotocols that a request can offer. */
function offer(names: readonly string[]): readonly string[] {
  const wrong = names.find((name) => !isHttpToken(name)) ?? names.find((name, place) => names.indexOf(name) !== place);
  if (wrong === undefined) return names;
  throw new EngineError("template", `subprotocols: \`${wrong.slice(0, 60)}\` is no name, or is there twice`);
}

function compileData({ body, encoding }: WebSocketConfig, templates: StepContext): Evaluate<string | Buffer> | null {
  if (body === null) return null;
  if ("json" in body) {
    const value = templates.templateJson(body.json);
    return (vu) => toJsonText(value(vu));
  }
  const text = compileText(body.text, templates);
  if (encoding === "text") return text.evaluate;
  return (vu) => {
    const given = text.evaluate(vu);
    const bytes = readBytes(given, encoding);
    if (bytes === null) throw new EngineError("template", `data: \`${given.slice(0, 60)}\` is not ${encoding}`);
    return bytes;
  };
}

import { compilePattern, testPattern } from "../../expression/pattern.ts";
import type { AssetRule, LoadOptions } from "../../http/assets/load-assets.ts";
import { loadAssets } from "../../http/assets/load-assets.ts";
import { createAssetSender } from "../../http/assets/send-asset.ts";
import type { ThreadAssets } from "../../http/assets/thread-assets.ts";
import { compileText } from "../../http/compiled-text.ts";
import type { HttpOperation, OperationOptions } from "../../http/operation.ts";
import { StepSeries } from "../../http/series.ts";
import type { Recorder } from "../../measure/recorder.ts";
import type { HttpConfig } from "../../protocol/http-config.ts";
import type { StepContext } from "../../protocol/step.ts";
import type { HttpResources } from "../../protocol/workflow.ts";
import { toMicros } from "../../quantity.ts";

/**
 * The operation of a step that loads what pages name. Its requests carry the tag `resource`: `page`, or what the asset
 * is; nothing else of an asset is a tag, so that series stay few.
 */
export function compileAssets(
  operation: HttpOperation,
  resources: HttpResources,
  config: HttpConfig,
  common: Omit<OperationOptions, "prepare" | "series">,
  { recorder, step, shared }: { recorder: Recorder; step: StepContext; shared: ThreadAssets },
): HttpOperation {
  const pageDuration = recorder.trend("page_duration", step.tags);
  const id = step.tags["step"] ?? "";
  return loadAssets(operation, {
    send: createAssetSender({
      ...common,
      seriesOf: (kind, isExpected) =>
        new StepSeries(recorder, { ...step.tags, resource: kind }, config.url, isExpected),
      traces: config.tracing !== null,
    }),
    compileRule: compileRule(resources, step),
    required: resources.required,
    clock: common.clock,
    totalTimeoutMs: common.totalTimeoutMs,
    openSession: common.openSession,
    shared,
    pageLoaded: (duration) => pageDuration.add(toMicros(duration)),
    reportError: ({ code, message }, result) => {
      recorder.error(id, code, message, () => ({
        time: common.clock.wall(),
        url: result?.target ?? "",
        status: result?.statusCode ?? 0,
        body: result?.text() ?? "",
      }));
    },
  });
}

function compileRule({ include, exclude }: HttpResources, templates: StepContext): LoadOptions["compileRule"] {
  const compilePatterns = (texts: readonly string[]) => texts.map((text) => compileText(text, templates));
  const included = compilePatterns(include);
  const excluded = compilePatterns(exclude);
  let latest = "";
  let rule: AssetRule | null = null;
  return (vu) => {
    const filledIn = [included, excluded].map((texts) => texts.map((text) => text.evaluate(vu)));
    const key = JSON.stringify(filledIn);
    if (rule === null || key !== latest) rule = makeRule(filledIn[0] ?? [], filledIn[1] ?? []);
    latest = key;
    return rule;
  };
}

function makeRule(include: readonly string[], exclude: readonly string[]): AssetRule {
  const wanted = include.map(compilePattern);
  const unwanted = exclude.map(compilePattern);
  return (address) =>
    (wanted.length === 0 || wanted.some((pattern) => testPattern(pattern, address))) &&
    !unwanted.some((pattern) => testPattern(pattern, address));
}

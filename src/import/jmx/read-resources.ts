import type { JsonObject } from "../../protocol/json.ts";
import type { Draft } from "../draft.ts";
import { isPattern } from "../language-check.ts";
import { hasTemplate } from "../template-text.ts";
import type { JmxText } from "./jmx-text.ts";

/**
 * "Retrieve All Embedded Resources" of a sampler as `resources`, where one that fails fails the step as in JMeter. With a
 * pattern that cannot be said none are loaded: it may keep load from servers of others.
 */
export function readResources(read: (name: string) => string, text: JmxText, where: string, draft: Draft): JsonObject {
  if (read("image_parser") !== "true") return {};
  const resources: Record<string, string | boolean> = { required: true };
  for (const [field, name] of [
    ["embedded_url_re", "include"],
    ["embedded_url_exclude_re", "exclude"],
  ] as const) {
    const given = read(field);
    if (given === "") continue;
    // JMeter's must match the URL from its beginning to its end.
    const whole = text.template(`^(?:${given.replace(/^\(\?i\)(.*)$/s, "(?i:$1)")})$`, where);
    if (!hasTemplate(whole) && !isPattern(whole)) {
      draft.leaveOut("the embedded resources", where, `\`${given.slice(0, 60)}\` is no pattern of ours`);
      return {};
    }
    resources[name] = whole;
  }
  return { resources };
}

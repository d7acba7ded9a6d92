import type { JsonObject } from "./json.ts";
import { asText } from "./json-values.ts";
import type { SpecContext } from "./step-spec.ts";

/** Says what is wrong with the `url` and `domain` of a step whose URLs have one of these schemes, such as `http`. */
export function checkTargetUrl(
  config: JsonObject,
  schemes: readonly string[],
  { http, report }: Pick<SpecContext, "http" | "report">,
): void {
  const url = asText(config["url"]) ?? "";
  const domain = asText(config["domain"]);
  if (domain !== null && !Object.hasOwn(http.domains, domain)) {
    const known = Object.keys(http.domains);
    const names = known.length === 0 ? "none is declared" : known.map((name) => `\`${name}\``).join(", ");
    report(["domain"], `there is no domain \`${domain}\` in options.http.domains (${names})`);
  }
  if (url.startsWith("${")) return;
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1];
  if (scheme === undefined) {
    if (domain === null && http.baseUrl === null)
      report(
        ["url"],
        `\`${url}\` is relative, and there is no base URL; write ${schemes[0]}://… or set options.http.base_url`,
      );
  } else if (!schemes.includes(scheme.toLowerCase())) {
    const accepted = schemes.map((name) => `${name}://`).join(" or ");
    report(["url"], `\`${url}\` has the scheme \`${scheme}\`; use ${accepted}`);
  } else if (!url.includes("${") && !URL.canParse(url)) report(["url"], `\`${url}\` is not a URL`);
}

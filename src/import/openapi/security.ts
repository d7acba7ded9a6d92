import type { JsonObject } from "../../protocol/json.ts";
import { asList, asObject, asText } from "../../protocol/json-values.ts";
import type { Draft } from "../draft.ts";
import type { Pair } from "../request-body.ts";
import { escapeTemplate } from "../template-text.ts";
import { resolveObject } from "./references.ts";

/** What an operation's security adds to its request; secrets are named after the schemes. */
interface Security {
  readonly config: JsonObject;
  readonly headers: readonly Pair[];
  readonly query: readonly string[];
}

/** The first alternative that the operation allows. */
export function secureOperation(root: JsonObject, operation: JsonObject, where: string, draft: Draft): Security {
  const alternatives = asList(operation["security"] ?? root["security"]).map(asObject);
  const names = Object.keys(alternatives[0] ?? {});
  const schemes = asObject(asObject(root["components"])["securitySchemes"] ?? root["securityDefinitions"]);
  const headers: Pair[] = [];
  const query: string[] = [];
  let config: JsonObject = {};
  for (const name of names) {
    const scheme = resolveObject(root, schemes[name], () => undefined);
    const secret = (part: string): string => draft.secret(`${name}${part}`, `${name}${part} of the description`);
    const type = asText(scheme["type"]) ?? "";
    const kind = type === "http" ? (asText(scheme["scheme"]) ?? "").toLowerCase() : type;
    const key = asText(scheme["name"]) ?? "";
    if (kind === "basic")
      config = { auth: { basic: { username: secret("_username"), password: secret("_password") } } };
    else if (["bearer", "oauth2", "openIdConnect"].includes(kind)) config = { auth: { bearer: secret("_token") } };
    else if (kind === "apiKey" && key !== "") {
      if (scheme["in"] === "query") query.push(`${encodeURIComponent(key.toWellFormed())}=${secret("")}`);
      else
        headers.push(
          scheme["in"] === "cookie"
            ? ["cookie", `${escapeTemplate(key)}=${secret("")}`]
            : [escapeTemplate(key), secret("")],
        );
    } else draft.leaveOut(`the security scheme ${name}`, where, `its kind ${kind || "is missing"} is not known here`);
  }
  return { config, headers, query };
}

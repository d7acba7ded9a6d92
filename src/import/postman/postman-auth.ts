import type { JsonObject } from "../../protocol/json.ts";
import { asList, asObject, asText } from "../../protocol/json-values.ts";
import type { Draft } from "../draft.ts";
import { basicAuth } from "../http-step.ts";
import type { Pair } from "../request-body.ts";
import { hasTemplate } from "../template-text.ts";

/** What authentication adds to a request. */
interface Authentication {
  readonly config: JsonObject;
  readonly headers: readonly Pair[];
  readonly query: string;
}

const none: Authentication = { config: {}, headers: [], query: "" };

/** Basic, bearer, API keys and ready OAuth 2 tokens; other kinds are noted as left out. */
export function readPostmanAuth(
  auth: JsonObject,
  where: string,
  toText: (text: string) => string,
  draft: Draft,
): Authentication {
  const type = asText(auth["type"]) ?? "noauth";
  const given = auth[type];
  // Version 2.0 has an object, 2.1 a list of {key, value}.
  const fields = Array.isArray(given)
    ? Object.fromEntries(
        asList(given)
          .map(asObject)
          .map((each) => [asText(each["key"]) ?? "", each["value"] ?? null]),
      )
    : asObject(given);
  const read = (name: string): string => toText(asText(fields[name]) ?? "");
  const hide = (name: string, value: string): string =>
    value === "" || hasTemplate(value) ? value : draft.secret(name, value);
  switch (type) {
    case "noauth":
      return none;
    case "basic":
      return { ...none, config: { auth: { basic: basicAuth(read("username"), read("password"), draft) } } };
    case "bearer":
      return { ...none, config: { auth: { bearer: hide("bearer_token", read("token")) } } };
    case "oauth2":
      if (read("accessToken") !== "")
        return { ...none, config: { auth: { bearer: hide("access_token", read("accessToken")) } } };
      break;
    case "apikey": {
      const [key, value] = [read("key"), hide("api_key", read("value"))];
      if (key === "") return none;
      return read("in") === "query" ? { ...none, query: `${key}=${value}` } : { ...none, headers: [[key, value]] };
    }
  }
  draft.leaveOut(
    `authentication of the kind ${type}`,
    where,
    "basic, bearer, API keys and ready tokens are taken over",
  );
  return none;
}

import { choice, describe, flag, list, object, type Shape, text } from "../protocol/shape.ts";
import type { Role } from "./configuration.ts";

const secretText: Shape = { kind: "text", secret: true };
const roles: readonly Role[] = ["viewer", "operator", "admin", "slave"];

const apiKey = object(
  {
    name: describe(text, "Who has the key; shown in logs. Required."),
    key: describe(secretText, "The key itself. One of `key`, `key_env` and `key_hash` is required."),
    key_env: describe(text, "The environment variable with the key."),
    key_hash: describe(secretText, "The key's hash, as `keys create` prints it."),
    role: describe(
      choice(...roles),
      "`viewer` reads; `operator` also submits and steers; `admin` also drains, purges and manages; `slave` only joins. Required.",
    ),
    expires_at: describe(text, "When it ends, as RFC 3339: `2027-01-31T00:00:00Z`. Default: never."),
  },
  ["name", "role"],
);

/** `auth`: who may speak to the master. */
export const authShape = object({
  enabled: describe(flag, "Whether requests need a key. Default: true where there are keys."),
  required: describe(flag, "Do not start without keys."),
  api_keys: describe(list(apiKey), "Several keys at once; they are read again on SIGHUP."),
});

/** `tls`: the certificate of the master's listener. */
export const tlsShape = object({
  cert: describe(text, "The master's certificate, a PEM file; with it the API is served as HTTPS. Default: none."),
  key: describe(text, "Its key, a PEM file. Default: none."),
  ca: describe(text, "Whose certificates of slaves and clients are trusted, a PEM file. Default: none."),
  client_auth: describe(
    choice("none", "optional", "required"),
    "Whether slaves and clients show a certificate of `ca`: not asked for, checked where they do, required.",
  ),
});

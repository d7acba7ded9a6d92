import { choice, describe, list, map, object, scalar, type Shape, text, union } from "../protocol/shape.ts";
import { addressListsShape } from "./address-lists-shape.ts";
import { knownCapabilities } from "./capabilities.ts";

const id: Shape = {
  kind: "text",
  pattern: /^[\p{L}\p{M}\p{N}_-]{1,64}$/u,
  accepts: "letters, digits, _ and -, at most 64",
};
const secretText: Shape = { kind: "text", secret: true };
const count: Shape = { kind: "number", min: 1, max: 10_000_000, whole: true };

/** `slave`. */
export const slaveShape = object({
  type: describe({ kind: "choice", values: ["worker"], later: ["gateway", "aggregator"] }, "What the slave does."),
  id: describe(id, "The slave's name, unique in the cluster. Default: the host's name and 4 letters."),
  address: describe(
    text,
    "Where it serves /health, /status and /metrics. Default: `:9091`, or a free port where that is taken.",
  ),
  threads: describe(
    union(count, choice("auto")),
    "Worker threads of each execution, at most four per core; `auto`: one for a small load, else one per core.",
  ),
  capabilities: describe(
    list(choice(...knownCapabilities)),
    "What it can do. A workflow whose steps need more is not sent to it.",
  ),
  labels: describe(map(scalar), "Labels that a workflow's `target_slaves` can ask for."),
  max_vus: describe(count, "VUs it takes at most. Default: 100; inside a standalone master: no limit."),
  master_addr: describe(
    text,
    "The master, or several with commas between: `http://HOST:PORT`, `https://HOST`, `HOST:PORT`. `WE_MASTER_URL` sets it too.",
  ),
  api_key: describe(secretText, "Key for the master. `WE_API_KEY` sets it too. Default: none."),
  api_key_env: describe(text, "The environment variable with the key, in place of `api_key`. Default: none."),
  api_key_file: describe(text, "The file with the key, in place of `api_key`. Default: none."),
  tls: object({
    ca: describe(text, "Certificates to trust, a PEM file. Default: those of the system."),
    cert: describe(text, "The certificate to show to the master, a PEM file. Default: none."),
    key: describe(text, "Its key, a PEM file. Default: none."),
  }),
  expose_env: describe(
    list(text),
    "Names of the slave's environment that a submitted workflow may read as `env.NAME`.",
  ),
  local_ips: describe(
    list(text),
    "Addresses of this machine that load comes from, spread over VUs: `10.0.0.5`, `10.0.0.0/28`, `10.0.0.5-10.0.0.9`; empty: those of the workflow's `options.http.ip`, else what the system chooses.",
  ),
  targets: addressListsShape(
    "What load may be sent to: addresses, networks and names (`10.0.0.0/8`, `shop.example`, `*.shop.example`); empty: everything.",
    "What it may not be sent to, also when it is allowed; checked after the look-up of a name, and on redirects.",
  ),
});

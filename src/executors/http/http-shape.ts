import {
  any,
  choice,
  describe,
  duration,
  flag,
  list,
  map,
  nothing,
  object,
  positiveDuration,
  scalar,
  size,
  type Shape,
  text,
  union,
} from "../../protocol/shape.ts";
import { proxyShape } from "../../protocol/proxy-setting.ts";
import { tlsShape } from "../../protocol/tls.ts";

const pair = object(
  {
    key: describe(text, "The name. Required."),
    value: describe(scalar, "The value; may be a template. Required."),
  },
  ["key", "value"],
);
const pairs = union(map(union(scalar, list(scalar))), list(pair));
const statusRange: Shape = {
  kind: "text",
  pattern: /^(?:[1-5]xx|[1-5]\d\d(?:-[1-5]\d\d)?)$/i,
  accepts: "200, 2xx or 300-399",
};
const status = union({ kind: "number", min: 100, max: 599, whole: true }, statusRange);

const basic = object(
  {
    username: describe(scalar, "The user's name. Required."),
    password: describe(scalar, "The password; may be a template such as `${secret.PASSWORD}`. Required."),
  },
  ["username", "password"],
);
const authFields = {
  basic: describe(basic, "Basic authentication. Default: none."),
  bearer: describe(text, "A token, sent as `Authorization: Bearer …`; may be a template. Default: none."),
};
const auth = object(authFields);
const stepAuth = object({
  ...authFields,
  digest: describe(basic, "Digest authentication: MD5 or SHA-256, qop `auth`. Default: none."),
});
const redirect = object({
  follow: describe(flag, "Follow redirects. Default: true."),
  max_redirects: describe(
    { kind: "number", min: 0, max: 100, whole: true },
    "The most redirects for one request; beyond it the step fails. Default: 10.",
  ),
});
const timeout = object({
  connect: describe(
    positiveDuration,
    "For name look-up, every address and the TLS handshake together, such as `3s`. Default: 10s.",
  ),
  total: describe(positiveDuration, "For the request with all its redirects, such as `30s`. Default: 60s."),
});

const part = union(
  scalar,
  object(
    {
      file: describe(text, "A file relative to the workflow, of any bytes; never a template. Required."),
      name: describe(text, "The file name that the target sees; may be a template. Default: that of `file`."),
      content_type: describe(text, "What the file is. Default: application/octet-stream."),
    },
    ["file"],
  ),
);

const graphql = object(
  {
    query: describe(
      union(
        text,
        object({ file: describe(text, "A `.graphql` file relative to the workflow; never a template. Required.") }, [
          "file",
        ]),
      ),
      "The document, as text (may be a template) or `{file}`. Required.",
    ),
    variables: describe(map(any), "Its variables, any values; texts may be templates. Default: none."),
    operation_name: describe(text, "Which operation of the document; may be a template. Default: its only one."),
  },
  ["query"],
);

const patterns = union(text, list(text));
const resources = object({
  include: describe(
    patterns,
    "Regular expressions, tried on the whole URL, of which one must match; may be templates. Default: all URLs.",
  ),
  exclude: describe(
    patterns,
    "Regular expressions, tried on the whole URL, of which none may match; may be templates. Default: none.",
  ),
  required: describe(
    flag,
    "A resource that fails fails the step. Default: false; it is an error and a failed request, no failed step.",
  ),
});

/** Fields that `options.http` and a step share. */
const sharedFields: Readonly<Record<string, Shape>> = {
  query: describe(union(pairs, text), "Parameters added to the URL, encoded. Default: none."),
  params: describe(union(pairs, text), "Same as `query`."),
  headers: describe(
    pairs,
    "Headers: a map of names to texts or lists of texts, or a list of `{key, value}`; a step's win. Default: none.",
  ),
  auth: describe(union(auth, nothing), "Basic or bearer authentication; null: none. Default: that of `options.http`."),
  redirect: describe(union(flag, redirect), "Whether and how far redirects are followed. Default: up to 10."),
  tls: describe(tlsShape, "Certificates of an https connection. Default: verify, with the system's authorities."),
  timeout: describe(
    union(positiveDuration, timeout),
    "The longest time for the whole request, such as `30s`, or `{connect, total}`. Default: connect 10s, total 60s.",
  ),
  http_version: describe(
    { kind: "choice", values: ["1.1", 1.1, "2", 2, "auto"] },
    "The version of HTTP to speak; `auto`: over TLS what the server prefers of 2 and 1.1, else 1.1. Default: 1.1.",
  ),
  compression: describe(
    union(
      flag,
      object({
        answers: describe(flag, "Ask for a compressed answer. Default: false."),
        request: describe(
          choice("gzip", "deflate", "br"),
          "Compress the body of the request; files are sent as they are. Default: not compressed.",
        ),
      }),
    ),
    "Ask for a compressed answer, or `{answers, request}`. Default: false.",
  ),
  proxy: proxyShape,
  tracing: describe(
    union(choice("w3c"), nothing),
    "Send a `traceparent` header with ids of its own with each request; null: none. Default: that of `options.http`, else none.",
  ),
  resources: describe(
    union(flag, resources),
    "Load what a browser would load with an HTML page: styles, scripts, images, fonts; `{include, exclude, required}` says which. Default: false.",
  ),
  expect_status: describe(
    union(status, list(status, 1)),
    "Statuses that count as success: `200`, `2xx`, `300-399`, or a list of them. Default: every one below 400.",
  ),
};

/** `options.http` (also top-level `http`). */
export const httpOptionsShape = object({
  base_url: describe(
    text,
    "What relative URLs of steps are appended to, such as `http://localhost:8080`. Default: none.",
  ),
  domains: describe(map(text), "Base URLs by name, for a step's `domain`. Default: none."),
  max_header: describe(size, "The most bytes of an answer's headers, such as `16kB`. Default: 64kB."),
  max_body: describe(
    size,
    "The most bytes of an answer's body, such as `1MB`, when something reads it. Default: 16MB.",
  ),
  cookies: describe(
    { kind: "choice", values: ["vu", "iteration", "off"] },
    "How long cookies live: as long as the VU, an iteration (then what vu_setup left is back), or not at all. Default: vu.",
  ),
  connections: describe(
    { kind: "choice", values: ["vu", "iteration", "none"] },
    "How long connections are kept: as long as the VU, for an iteration, or for one request. Default: vu.",
  ),
  dns: describe(
    object({ ttl: describe(duration, "How long a looked-up name is kept, such as `1m`. Default: 5m.") }),
    "How names are looked up. Default: the system's way, kept for 5m.",
  ),
  hosts: describe(
    map(text),
    "Addresses to dial in place of names, such as `{api.test: 127.0.0.1:8080}`; `*.test` is every name below. Default: none.",
  ),
  ip: describe(
    union(text, list(text)),
    "Addresses of this machine that connections come from, each VU's from one: `10.0.0.5`, `10.0.0.0/28`, `10.0.0.5-10.0.0.9`, or a list of them. Default: the system chooses.",
  ),
  ...sharedFields,
});

/** What an http step takes. */
export const httpConfigShape = describe(
  object(
    {
      method: describe(
        { kind: "text", pattern: /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, accepts: "a method such as GET or POST" },
        "The method, in any case. Default: GET.",
      ),
      url: describe(
        text,
        "Where to: `http://…`, `https://…`, or relative to the base URL; may be a template. Required.",
      ),
      body: describe(
        union(
          text,
          object(
            { file: describe(text, "A file relative to the workflow, of any bytes; never a template. Required.") },
            ["file"],
          ),
        ),
        "The body as text, or `{file}`. Values in it are not escaped: use `json` where that matters. Default: none.",
      ),
      json: describe(any, "The body as any value, sent as JSON. Default: none."),
      form: describe(pairs, "The body as fields of a form, sent URL-encoded. Default: none."),
      cookies: describe(map(scalar), "Cookies sent with this request, besides the VU's. Default: none."),
      domain: describe(text, "Which of `options.http.domains` a relative URL belongs to. Default: `base_url`."),
      multipart: describe(
        map(union(part, list(part, 1))),
        "The body as fields and files (`multipart/form-data`): texts, `{file, name, content_type}`, or lists of them. Files are read while they are sent. Default: none.",
      ),
      graphql: describe(
        graphql,
        "A GraphQL request: POST of `{query, variables, operation_name}` as JSON. `errors` in the answer fail the step with the code `graphql`. Default: none.",
      ),
      ...sharedFields,
      auth: describe(
        union(stepAuth, nothing),
        "Basic, bearer or digest authentication; null: none. Default: that of `options.http`.",
      ),
    },
    ["url"],
  ),
  "Sends an HTTP request; a status from 400 on, or outside `expect_status`, fails the step.",
);

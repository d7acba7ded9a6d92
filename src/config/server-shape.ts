import { describe, flag, list, object, type ObjectShape, positiveDuration, size, text } from "../protocol/shape.ts";

const fields = object({
  address: describe(text, "Where the API is served: `:8080`, `0.0.0.0:8080`, `127.0.0.1:8080`, `[::1]:8080`."),
  read_timeout: describe(
    positiveDuration,
    "How long a request may take to arrive with its body; then it is answered with 408.",
  ),
  write_timeout: describe(
    positiveDuration,
    "How long an answer may wait for a client that does not read it; then the connection is closed.",
  ),
  enable_cors: describe(
    flag,
    "Whether pages of other origins (localhost and `cors_origins`) are answered, with the headers that browsers want. " +
      "`false`: only the master's own pages.",
  ),
  hosts: describe(
    list(text),
    "Names besides addresses, `localhost` and the machine's own under which a master without keys may be asked, such as `load.example.com`; also a slave's `/status` and `/metrics`.",
  ),
  cors_origins: describe(
    list(text),
    "Origins besides localhost whose pages are answered, such as `https://load.example.com`.",
  ),
  max_body: describe(size, "The largest body of a request; a larger one is answered with 413."),
  max_upload: describe(size, "The largest body with files."),
  rate_limit: describe(
    { kind: "number", min: 1, max: 1_000_000, whole: true },
    "Requests of one address that are answered in a second; twice as many may come at once. More are answered with 429.",
  ),
});

/** `server`: the master's listener. */
export const serverShape: ObjectShape = {
  ...fields,
  misnomers: { host: "address", port: "address", listen: "address" },
};

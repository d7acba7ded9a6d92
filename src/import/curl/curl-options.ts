/** How a flag of curl is read: with a value, or alone; `ignored` says why it changes nothing here. */
interface FlagSpec {
  readonly short?: string;
  readonly takes: boolean;
  readonly ignored?: string;
}

const output = "it is about what curl shows and writes";

/** The flags of curl that are known, by their long names. */
export const curlFlags: Readonly<Record<string, FlagSpec>> = {
  request: { short: "X", takes: true },
  header: { short: "H", takes: true },
  data: { short: "d", takes: true },
  "data-ascii": { takes: true },
  "data-raw": { takes: true },
  "data-binary": { takes: true },
  "data-urlencode": { takes: true },
  json: { takes: true },
  form: { short: "F", takes: true },
  "form-string": { takes: true },
  user: { short: "u", takes: true },
  "oauth2-bearer": { takes: true },
  cookie: { short: "b", takes: true },
  "user-agent": { short: "A", takes: true },
  referer: { short: "e", takes: true },
  url: { takes: true },
  "url-query": { takes: true },
  get: { short: "G", takes: false },
  head: { short: "I", takes: false },
  location: { short: "L", takes: false },
  "location-trusted": { takes: false },
  "max-redirs": { takes: true },
  insecure: { short: "k", takes: false },
  compressed: { takes: false },
  "connect-timeout": { takes: true },
  "max-time": { short: "m", takes: true },
  cert: { short: "E", takes: true },
  key: { takes: true },
  cacert: { takes: true },
  resolve: { takes: true },
  "connect-to": { takes: true, ignored: "use options.http.hosts" },
  basic: { takes: false },
  http2: { takes: false, ignored: "HTTP/1.1 is spoken" },
  "http2-prior-knowledge": { takes: false, ignored: "HTTP/1.1 is spoken" },
  http3: { takes: false, ignored: "HTTP/1.1 is spoken" },
  "http1.1": { takes: false },
  "http1.0": { short: "0", takes: false, ignored: "HTTP/1.1 is spoken" },
  proxy: { short: "x", takes: true, ignored: "requests go straight to the target" },
  "proxy-user": { short: "U", takes: true, ignored: "requests go straight to the target" },
  noproxy: { takes: true, ignored: "requests go straight to the target" },
  digest: { takes: false, ignored: "basic and bearer authentication only" },
  ntlm: { takes: false, ignored: "basic and bearer authentication only" },
  negotiate: { takes: false, ignored: "basic and bearer authentication only" },
  "aws-sigv4": { takes: true, ignored: "use a script step that signs" },
  retry: { takes: true, ignored: "use on_error: {max_attempts: …}" },
  "retry-delay": { takes: true, ignored: "use on_error: {max_attempts: …}" },
  "upload-file": { short: "T", takes: true, ignored: "use body: {file: …}" },
  "cookie-jar": { short: "c", takes: true, ignored: "each virtual user keeps its cookies by itself" },
  "limit-rate": { takes: true, ignored: "there is no limit of a connection's rate" },
  next: { short: ":", takes: false },
  silent: { short: "s", takes: false },
  "show-error": { short: "S", takes: false },
  verbose: { short: "v", takes: false },
  include: { short: "i", takes: false },
  "show-headers": { takes: false },
  fail: { short: "f", takes: false },
  "fail-with-body": { takes: false },
  "progress-bar": { short: "#", takes: false },
  "no-progress-meter": { takes: false },
  "no-buffer": { short: "N", takes: false },
  globoff: { short: "g", takes: false },
  "path-as-is": { takes: false },
  output: { short: "o", takes: true, ignored: output },
  "remote-name": { short: "O", takes: false, ignored: output },
  "write-out": { short: "w", takes: true, ignored: output },
  "dump-header": { short: "D", takes: true, ignored: output },
  trace: { takes: true, ignored: output },
  "trace-ascii": { takes: true, ignored: output },
};

/** A flag of a command with its value; `name` null: an argument without a flag, which is a URL. */
export interface CurlWord {
  readonly name: string | null;
  readonly value: string;
  /** Why it changes nothing; null: it is taken over. */
  readonly ignored: string | null;
}

const byShort = new Map(
  Object.entries(curlFlags).flatMap(([name, { short }]) => (short === undefined ? [] : [[short, name]])),
);

/** Reads the words behind `curl`: `-XPOST`, `-sSL`, `--flag value`, `--flag=value`, `--no-flag`. */
export function readCurlWords(words: readonly string[]): CurlWord[] {
  const found: CurlWord[] = [];
  const add = (name: string, given: string | null, at: number, shown: string): number => {
    const spec = Object.hasOwn(curlFlags, name) ? curlFlags[name] : undefined;
    if (spec === undefined) {
      found.push({ name: shown, value: "", ignored: "an unknown flag" });
      return at;
    }
    const next = spec.takes && given === null ? at + 1 : at;
    found.push({ name, value: spec.takes ? (given ?? words[next] ?? "") : "", ignored: spec.ignored ?? null });
    return next;
  };
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    if (word === "--") {
      for (const value of words.slice(at + 1)) found.push({ name: null, value, ignored: null });
      break;
    }
    if (word.startsWith("--")) {
      const cut = word.indexOf("=");
      const name = (cut < 0 ? word : word.slice(0, cut)).slice(2);
      at = add(name, cut < 0 ? null : word.slice(cut + 1), at, `--${name}`);
    } else if (/^-[^-]/.test(word)) at = addShorts(word, at, add);
    else found.push({ name: null, value: word, ignored: null });
  }
  return found;
}

function addShorts(
  word: string,
  at: number,
  add: (name: string, given: string | null, at: number, shown: string) => number,
): number {
  for (let place = 1; place < word.length; place += 1) {
    const letter = word.charAt(place);
    const name = byShort.get(letter) ?? "";
    if (curlFlags[name]?.takes === true) {
      const rest = word.slice(place + 1);
      return add(name, rest === "" ? null : rest, at, `-${letter}`);
    }
    add(name, null, at, `-${letter}`);
  }
  return at;
}

/** What a live stream of metrics may be. */
export const outputTypes = ["json", "csv", "influxdb", "prometheus", "otlp", "webhook"] as const;

export type OutputType = (typeof outputTypes)[number];

/** A live stream of metrics that a workflow, or a flag, asks for. */
export interface OutputSpec {
  readonly type: OutputType;
  /** A file's path for `json` and `csv`, else a URL. `${secret.X}` in it is filled in where it is opened. */
  readonly target: string;
  /** The span of a point: whole seconds, as ms. */
  readonly intervalMs: number;
  /** Sent with every request; `${secret.X}` is filled in. */
  readonly headers: Readonly<Record<string, string>>;
  /** Bearer token, or InfluxDB's; `${secret.X}` is filled in. null: none. */
  readonly token: string | null;
  /** How `otlp` is written. */
  readonly format: "protobuf" | "json";
  /** How `prometheus` is told trends. */
  readonly histograms: "classic" | "native";
}

/** Is it one of `outputTypes`? */
export function isOutputType(name: string): name is OutputType {
  return (outputTypes as readonly string[]).includes(name);
}

/** Does it go to a file? */
export function isFileOutput(type: OutputType): boolean {
  return type === "json" || type === "csv";
}

const secretReference = /\$\{\s*secret\.([\p{L}_][\p{L}\p{M}\p{N}_]*)\s*\}/gu;

/** The text with its `${secret.X}` filled in; the first name that has no value, if any. */
export function fillSecrets(
  text: string,
  secrets: Readonly<Record<string, string>>,
): { readonly text: string; readonly missing: string | null } {
  let missing: string | null = null;
  const filled = text.replace(secretReference, (_, name: string) => {
    if (Object.hasOwn(secrets, name)) return secrets[name] ?? "";
    missing ??= name;
    return "";
  });
  return { text: filled, missing };
}

/** Why an output cannot go there; null: it can. `${secret.X}` may stand anywhere. */
export function refuseTarget(type: OutputType, target: string): string | null {
  if (target === "") return "it names no target";
  if (isFileOutput(type))
    return /^[a-z][a-z0-9+.-]*:\/\//i.test(target) ? `${type} is written to a file, not to a URL` : null;
  const url = URL.parse(target.replace(secretReference, "0"));
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    return `${type} takes a URL that begins with http:// or https://`;
  }
  if (type !== "influxdb") return null;
  const isSecond = url.searchParams.has("org") || url.searchParams.has("bucket");
  if (isSecond) {
    const whole = url.searchParams.has("org") && url.searchParams.has("bucket");
    return whole ? null : "InfluxDB 2 needs both: http://HOST:8086?org=ORG&bucket=BUCKET";
  }
  return url.pathname.length > 1
    ? null
    : "it names no database: http://HOST:8086/DATABASE, or for InfluxDB 2 http://HOST:8086?org=ORG&bucket=BUCKET";
}

/** Parameters of a URL whose values everybody may see. */
const shownParameters: ReadonlySet<string> = new Set(["org", "bucket", "db", "rp"]);

/** The target as everybody may see it: without user, password and the values of parameters that may be secret. */
export function maskTarget({ type, target }: Pick<OutputSpec, "type" | "target">): string {
  if (isFileOutput(type)) return target;
  const url = URL.parse(target);
  if (url === null) return "***";
  const login = url.username === "" && url.password === "" ? "" : "***@";
  const query = [...url.searchParams]
    .map(([name, value]) => `${name}=${shownParameters.has(name) ? value : "***"}`)
    .join("&");
  return `${url.protocol}//${login}${url.host}${url.pathname}${query === "" ? "" : `?${query}`}`;
}

/** What of a spec is secret once it is filled in: to be masked wherever it could show. */
export function listCredentials({ type, target, headers, token }: OutputSpec): string[] {
  const url = isFileOutput(type) ? null : URL.parse(target);
  const inUrl =
    url === null
      ? []
      : [
          decode(url.username),
          decode(url.password),
          ...[...url.searchParams].filter(([name]) => !shownParameters.has(name)).map(([, value]) => value),
        ];
  return [...inUrl, ...Object.values(headers), token ?? ""].filter((value) => value !== "");
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

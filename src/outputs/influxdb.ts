import type { OpenOutput, OutputPoint } from "./output.ts";
import { listPointValues } from "./point-values.ts";
import { createPoster, splitLogin } from "./post.ts";

/**
 * Line protocol, a point a line with its time in ns. `http://HOST:8086/DB` is InfluxDB 1, `?org=…&bucket=…` InfluxDB 2;
 * its token may be the URL's password. A point that is sent again replaces itself.
 */
export const openInfluxdb: OpenOutput = async ({ spec, context, refuses }) => {
  const { url, headers } = splitLogin(spec.target);
  const bucket = url.searchParams.get("bucket");
  const token = spec.token ?? (bucket === null ? null : decodeURIComponent(new URL(spec.target).password) || null);
  if (bucket === null) {
    url.searchParams.set("db", decodeURIComponent(url.pathname.slice(1)));
    url.pathname = "/write";
  } else url.pathname = `${url.pathname.replace(/\/$/, "")}/api/v2/write`;
  url.searchParams.set("precision", "ns");
  const login = token === null ? headers : { authorization: `Token ${token}` };
  const poster = createPoster({
    url,
    headers: { "content-type": "text/plain; charset=utf-8", ...login, ...spec.headers },
    refuses,
  });
  const own = { execution_id: context.executionId, workflow: context.workflowId };
  return {
    measures: "intervals",
    encode: (points) => Buffer.from(points.map((point) => `${writeLine(point, own)}\n`).join("")),
    send: poster.post,
    close: async () => poster.close(),
  };
};

/** One line; `own`: tags of every point, which win. */
export function writeLine(point: OutputPoint, own: Readonly<Record<string, string>>): string {
  const { metric, tags, timeMs, total, late } = point;
  const all = { ...tags, ...own, ...(late > 0 ? { late: "true" } : {}) };
  const written = Object.entries(all)
    .filter(([name, value]) => name !== "" && value !== "")
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `,${escape(name, /[,= ]/g)}=${escape(value, /[,= ]/g)}`)
    .join("");
  const fields = Object.entries(listPointValues(total))
    .map(([name, value]) => `${name}=${value}`)
    .join(",");
  // Late ones of one interval differ by nanoseconds, or the second would replace the first.
  return `${escape(metric, /[, ]/g)}${written} ${fields} ${Math.round(timeMs)}${String(late).padStart(6, "0")}`;
}

/** A line has no way to write its own end, and a backslash before what follows would hide it. */
function escape(text: string, special: RegExp): string {
  return text
    .replace(/\p{Cc}+/gu, " ")
    .replace(/\\+$/, (end) => `${end} `)
    .replace(special, "\\$&");
}

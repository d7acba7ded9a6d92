import type picocolors from "picocolors";
import type { Masker } from "../../protocol/ports.ts";
import type { Trace, TracedAnswer, TraceEvent } from "../../protocol/trace.ts";
import { showDuration, showText } from "../../report/text/people.ts";
import { showBody, showHead } from "./show-message.ts";

type Colors = ReturnType<typeof picocolors.createColors>;

/** `text` comes from outside: secrets in it are masked, control characters taken out, before it is painted. */
interface Line {
  readonly before: string;
  readonly text: string;
  readonly paint: (text: string) => string;
}

const indent = "    ";
const phases = ["blocked", "connecting", "tlsHandshaking", "sending", "waiting", "receiving"] as const;

/** A trace that prints lines for people as things happen, without secrets. */
export function showTrace(print: (text: string) => void, colors: Colors, mask: Masker): Trace {
  let skipped = "";
  return (event) => {
    if (event.type === "ended" && event.step === skipped) return;
    skipped = event.type === "skipped" ? event.step : "";
    const lines = describe(event, colors, mask);
    const texts = lines.map(({ before, text, paint }) => `${before}${paint(cleanLine(mask(text)))}`.trimEnd());
    print(texts.map((text) => `${text}\n`).join(""));
  };
}

function describe(event: TraceEvent, colors: Colors, mask: Masker): Line[] {
  const plain = (before: string, text: string): Line => ({ before: indent + before, text, paint: String });
  const painted = (text: string, paint: Line["paint"]): Line => ({ before: indent, text, paint });
  const mark = (good: boolean): string => (good ? colors.green("✓ ") : colors.red("✗ "));
  switch (event.type) {
    case "began":
      return [
        { before: "\n", text: event.step, paint: colors.bold },
        painted(`${event.stepType} step of ${event.part}`, colors.dim),
      ];
    case "skipped":
      return [painted(`skipped: the condition \`${event.condition}\` is false`, colors.dim)];
    case "sent":
      return describeSent(event.url, event.bytes, mask).map((text) => plain(colors.cyan("> "), text));
    case "answered":
      return describeAnswer(event.answer, mask).map((text) => plain(colors.magenta("< "), text));
    case "gave": {
      const body = showBody(Buffer.from(event.text), "", mask);
      return [...(event.target === "" ? [] : [event.target]), ...body].map((text) => plain(colors.magenta("< "), text));
    }
    case "looked": {
      const problem = event.problem === null ? "" : `: ${event.problem}`;
      return [plain(mark(event.problem === null), `${event.kind} ${event.name}${problem}`)];
    }
    case "failed":
      return [painted(`${event.code}: ${event.message}`, colors.red)];
    case "ended": {
      const set = event.variables.map(([name, value]) => plain("", `${name} = ${showValue(value)}`));
      const end = `${event.step} ${event.outcome} after ${showDuration(event.durationMs)}`;
      return [...set, plain(mark(event.outcome === "passed"), end)];
    }
    default:
      return event satisfies never;
  }
}

function describeSent(url: string, bytes: Uint8Array, mask: Masker): string[] {
  const message = Buffer.from(bytes);
  const end = message.indexOf("\r\n\r\n");
  const head = message.toString("latin1", 0, end).split("\r\n");
  const body = showBody(message.subarray(end + 4), "", mask);
  return [`to ${url}`, ...showHead(head), ...setApart(body)];
}

function describeAnswer(answer: TracedAnswer, mask: Masker): string[] {
  const times = phases.filter((phase) => answer[phase] > 0).map((phase) => `${phase} ${showDuration(answer[phase])}`);
  const timing = times.length === 0 ? [] : [times.join(", ")];
  const asked = answer.asked === "" ? "" : ` to ${answer.asked}`;
  if (answer.status === 0) return [`no answer${asked}: ${answer.message}`, ...timing];
  const headers: string[] = [];
  let coding = "";
  for (let i = 0; i + 1 < answer.headers.length; i += 2) {
    headers.push(`${answer.headers[i] ?? ""}: ${answer.headers[i + 1] ?? ""}`);
    if (answer.headers[i] === "content-encoding") coding = (answer.headers[i + 1] ?? "").trim().toLowerCase();
  }
  const body = answer.body === null ? [] : showBody(answer.body, coding, mask);
  const problem = answer.message === "" ? [] : [answer.message];
  return [`${answer.proto} ${answer.status}${asked}`, ...timing, ...problem, ...showHead(headers), ...setApart(body)];
}

function setApart(body: readonly string[]): readonly string[] {
  return body.length === 0 ? [] : ["", ...body];
}

function showValue(value: unknown): string {
  const text = JSON.stringify(value, (_key, item: unknown) => (typeof item === "bigint" ? String(item) : item));
  return text.length > 500 ? `${text.slice(0, 500)}…` : text;
}

/** What a terminal may show of a line, its indentation kept. */
function cleanLine(line: string): string {
  const lead = /^[ \t]*/.exec(line)?.[0] ?? "";
  return lead.replaceAll("\t", "  ") + showText(line);
}

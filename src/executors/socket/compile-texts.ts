import { evaluateOnce, isConstantJson } from "../../driver/constant-texts.ts";
import { EngineError } from "../../errors.ts";
import { readBytes } from "../../protocol/encoded-bytes.ts";
import type { Json } from "../../protocol/json.ts";
import type { Evaluate, StepContext } from "../../protocol/step.ts";
import type { VirtualUser } from "../../protocol/step.ts";
import type { Ending } from "./channel.ts";
import type { SocketConfig } from "./socket-config.ts";

/** A step's texts, filled in for one VU. */
export interface SocketTexts {
  readonly name: string;
  readonly host: string;
  /** 0 for unix. */
  readonly port: number;
  /** For people: `host:port` or the path. */
  readonly target: string;
  readonly data: Buffer | null;
  readonly ending: Ending;
}

/** Throws EngineError `template` when called for what is no port, length or encoding. */
export function compileTexts(config: SocketConfig, template: StepContext["template"]): Evaluate<SocketTexts> {
  const { protocol, encoding, maxBytes } = config;
  const evaluate = (text: string | null) => (text === null || text === "" ? null : template(text));
  const name = evaluate(config.name);
  const host = evaluate(config.host);
  const port = evaluate(config.port);
  const length = evaluate(config.length);
  const data = config.data === null ? null : template(config.data);
  const delimiter = evaluate(config.delimiter);

  const bytes = (what: string, value: unknown): Buffer => {
    const text = String(value);
    const read = readBytes(text, encoding);
    if (read !== null) return read;
    throw new EngineError("template", `${what}: \`${text.slice(0, 60)}\` is not ${encoding}`);
  };
  const endingFor = (vu: VirtualUser): Ending => {
    if (delimiter !== null) return { delimiter: bytes("delimiter", delimiter(vu)) };
    return length === null ? null : { length: wholeNumber("length", length(vu), maxBytes) };
  };

  const evaluateAll: Evaluate<SocketTexts> = (vu) => {
    const shownHost = host === null ? "" : String(host(vu));
    const shownPort = port === null ? 0 : wholeNumber("port", port(vu), 65_535);
    const target = protocol === "unix" || shownPort === 0 ? shownHost : `${shownHost}:${shownPort}`;
    return {
      name: name === null ? `${protocol} ${target}` : String(name(vu)),
      host: shownHost,
      port: shownPort,
      target: target === "" && name !== null ? String(name(vu)) : target,
      data: data === null ? null : bytes("data", data(vu)),
      ending: endingFor(vu),
    };
  };
  return isConstantJson(config as unknown as Json) ? evaluateOnce(evaluateAll) : evaluateAll;
}

function wholeNumber(what: string, value: unknown, high: number): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= 1 && number <= high) return number;
  throw new EngineError(
    "template",
    `${what}: \`${String(value).slice(0, 60)}\` is not a whole number from 1 to ${high}`,
  );
}

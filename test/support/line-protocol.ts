/** A line of InfluxDB's line protocol, read strictly by its documented grammar; throws what is wrong with it. */
export interface ProtocolLine {
  readonly measurement: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, number>>;
  readonly timestamp: bigint;
}

export function readLineProtocol(text: string): ProtocolLine[] {
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  return text.slice(0, -1).split("\n").map(readLine);
}

function readLine(line: string): ProtocolLine {
  let at = 0;
  /** Up to one of the characters that is not escaped. */
  const take = (stops: string): string => {
    let taken = "";
    for (; at < line.length && !stops.includes(line[at] ?? ""); at++) {
      if (line[at] === "\\" && ", =".includes(line[at + 1] ?? "x")) at++;
      taken += line[at];
    }
    if (taken === "") throw new Error(`nothing stands at ${at} of: ${line}`);
    return taken;
  };
  const expectNext = (character: string): void => {
    if (line[at++] !== character) throw new Error(`no ${JSON.stringify(character)} at ${at - 1} of: ${line}`);
  };
  const measurement = take(", ");
  const tags: Record<string, string> = {};
  while (line[at] === ",") {
    at++;
    const name = take(",= ");
    expectNext("=");
    if (Object.hasOwn(tags, name)) throw new Error(`the tag ${name} stands twice in: ${line}`);
    tags[name] = take(",= ");
  }
  expectNext(" ");
  const fields: Record<string, number> = {};
  do {
    const name = take(",= ");
    expectNext("=");
    const value = take(", ");
    if (!/^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(value)) throw new Error(`${name}=${value} is no number in: ${line}`);
    fields[name] = Number(value);
  } while (line[at] === "," && at++ >= 0);
  expectNext(" ");
  const rest = line.slice(at);
  if (!/^-?\d{1,19}$/.test(rest)) throw new Error(`${rest} is no time in ns`);
  return { measurement, tags, fields, timestamp: BigInt(rest) };
}

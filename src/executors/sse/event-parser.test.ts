import fc from "fast-check";
import { expect, test } from "vitest";
import { EventParser, type ServerEvent } from "./event-parser.ts";

function parse(text: string, cuts: readonly number[] = [], maxLength = 10_000): ServerEvent[] {
  const events: ServerEvent[] = [];
  const parser = new EventParser(maxLength, (event) => events.push(event));
  const bytes = Buffer.from(text);
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  for (const [index, place] of places.slice(1).entries()) parser.feed(bytes.subarray(places[index], place));
  return events;
}

test.each([
  ["data: YHOO\ndata: +2\ndata: 10\n\n", [["message", "YHOO\n+2\n10", ""]]],
  [
    ": hello\n\ndata:first\nid: 1\n\ndata:second\nid\n\ndata:  third\n\n",
    [
      ["message", "first", "1"],
      ["message", "second", ""],
      ["message", " third", ""],
    ],
  ],
  [
    "data\n\ndata\ndata\n\ndata:",
    [
      ["message", "", ""],
      ["message", "\n", ""],
    ],
  ],
  [
    "\uFEFFevent: add\rdata: 1\r\revent: none\r\n\r\ndata: 2\r\n\r\n",
    [
      ["add", "1", ""],
      ["message", "2", ""],
    ],
  ],
  ["id: a\0b\nretry: 10\nunknown: x\ndata: 1\n\n", [["message", "1", ""]]],
  ["id: 7\n\ndata: x\n\n", [["message", "x", "7"]]],
])("%j", (text, expected) => {
  expect(parse(text).map(({ event, data, id }) => [event, data, id])).toEqual(expected);
});

test("events are the same however the bytes are cut and lines are ended", () => {
  const word = fc.string({ unit: "grapheme" }).map((text) => text.replaceAll(/[\r\n\0]/g, "x").trimStart());
  const event = fc.record({
    event: word.map((text) => text || "message"),
    data: fc.array(word, { minLength: 1 }),
    id: word,
  });
  fc.assert(
    fc.property(fc.array(event), fc.array(fc.nat()), fc.constantFrom("\n", "\r", "\r\n"), (events, cuts, end) => {
      const lines = events.flatMap(({ event: name, data, id }) => [
        `event: ${name}`,
        ...data.map((line) => `data: ${line}`),
        `id: ${id}`,
        "",
      ]);
      const text = lines.map((line) => line + end).join("");
      expect(parse(text, cuts, 1_000_000)).toEqual(
        events.map(({ data, ...rest }) => ({
          ...rest,
          data: data.join("\n"),
          bytes: Buffer.byteLength(data.join("\n")),
        })),
      );
    }),
  );
});

test("a line or an event without end is refused", () => {
  const refuses = (piece: string) => {
    const parser = new EventParser(1_000, () => undefined);
    for (let n = 0; n < 2_000; n++) if (!parser.feed(Buffer.from(piece))) return n;
    return -1;
  };
  expect(refuses("x")).toBe(1_000);
  expect(refuses("data: 1234\n")).toBe(200);
  expect(refuses("data: 1234\n\n")).toBe(-1);
});

import { availableParallelism } from "node:os";
import { describe, expect, test } from "vitest";
import {
  collectPairs,
  collectSecrets,
  collectStages,
  readCount,
  readDuration,
  readRate,
  readThreads,
} from "./option-values.ts";

const cores = availableParallelism();

describe("what an option takes", () => {
  test.each([
    ["a count", () => readCount("12"), 12],
    ["a rate with a fraction", () => readRate("0.5"), 0.5],
    ["a combined duration, as written", () => readDuration("1h30m"), "1h30m"],
    ["one thread", () => readThreads("1"), 1],
    ["threads by the engine's choice", () => readThreads("auto"), "auto"],
    ["a value with an equals sign", () => collectPairs("A=b=c", { X: "1" }), { X: "1", A: "b=c" }],
    ["an empty value", () => collectPairs("A="), { A: "" }],
    ["a secret from the environment", () => collectSecrets({ TOKEN: "t" })("TOKEN"), { TOKEN: "t" }],
    ["a secret with its value", () => collectSecrets({})("TOKEN=u", { A: "b" }), { A: "b", TOKEN: "u" }],
    [
      "stages, several at once and one after another",
      () => collectStages("0:5", collectStages("10s:5,1m:0")),
      [
        { duration: "10s", target: 5 },
        { duration: "1m", target: 0 },
        { duration: "0", target: 5 },
      ],
    ],
  ])("%s", (_name, read, value) => {
    expect(read()).toEqual(value);
  });
});

describe("what it refuses, in words that help", () => {
  test.each([
    ["no VUs", () => readCount("0"), "It takes a whole number from 1."],
    ["half a VU", () => readCount("1.5"), "It takes a whole number from 1."],
    ["a negative count", () => readCount("-1"), "It takes a whole number from 1."],
    ["a count in words", () => readCount("ten"), "It takes a whole number from 1."],
    ["a rate of nothing", () => readRate("0"), "It takes a number above 0."],
    ["a duration without a unit", () => readDuration("30"), "Did you mean 30s? A duration needs its unit."],
    ["no duration", () => readDuration("soon"), "It takes a duration such as 500ms, 30s, 5m or 1h30m."],
    ["a duration of nothing", () => readDuration("0s"), "It takes a duration above 0."],
    ["a stage without a unit", () => collectStages("30:5"), "Did you mean 30s:5? A duration needs its unit."],
    ["a stage without a target", () => collectStages("30s"), "A stage is DURATION:TARGET, for example 30s:10."],
    ["a pair without a value", () => collectPairs("A"), "It takes KEY=VALUE."],
    ["a pair without a key", () => collectPairs("=A"), "It takes KEY=VALUE."],
    [
      "a secret that is not there",
      () => collectSecrets({})("TOKEN"),
      "TOKEN is not set in the environment; give KEY=VALUE.",
    ],
    ["too many threads", () => readThreads("999"), `This machine has ${cores} cores: give 1 to ${4 * cores}, or auto.`],
    ["no threads", () => readThreads("0"), `This machine has ${cores} cores: give 1 to ${4 * cores}, or auto.`],
  ])("%s", (_name, read, message) => {
    expect(read).toThrow(message);
  });
});

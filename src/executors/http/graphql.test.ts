import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createHttpSteps, type HttpSteps, type HttpTarget, startHttpTarget } from "../../../test/support/http-steps.ts";
import type { HttpBody } from "../../protocol/http-config.ts";

let target: HttpTarget;
let steps: HttpSteps;
let answer: (response: ServerResponse) => void;

beforeEach(async () => {
  answer = (response) => response.end('{"data":{"me":{"id":7}}}');
  target = await startHttpTarget((_request, response) => answer(response));
  steps = createHttpSteps({ baseUrl: target.url });
});

afterEach(async () => {
  await steps.close();
  await target.close();
});

const body: HttpBody = {
  kind: "graphql",
  value: {
    query: "query Me($id: ID, $n: Int) { me(id: $id, n: $n) { id } }",
    variables: { id: "${id}", n: "${n}", list: ["a ${n}"] },
    operationName: "Me",
  },
};
const unread = { reads: { body: false, headers: false } };

test("query, variables and operation name go out as JSON; values keep their types", async () => {
  const vu = steps.createVu();
  vu.variables.set("id", 'x"y').set("n", 3);
  const result = await steps.run({ method: "POST", body }, { vu });
  expect([result.failure, result.json()]).toEqual([null, { data: { me: { id: 7 } } }]);
  expect(target.seen[0]?.headers["content-type"]).toBe("application/json");
  expect(JSON.parse(target.seen[0]?.body ?? "")).toEqual({
    query: "query Me($id: ID, $n: Int) { me(id: $id, n: $n) { id } }",
    variables: { id: 'x"y', n: 3, list: ["a 3"] },
    operationName: "Me",
  });
});

test.each([
  ['{"data":null,"errors":[{"message":"no such user","path":["me",0,"id"]}]}', "no such user (at me.0.id)"],
  ['{"data":{"me":1},"errors":[{"message":"late"},{"message":"b"},{}]}', "late, and 2 more"],
  ['{"errors":[7]}', "an error without a message"],
  [`{"errors":[{"message":"${"x".repeat(5000)}"}]}`, `${"x".repeat(300)}…`],
  ["<html>", "the answer is no GraphQL answer: it is no JSON object"],
  ["[]", "the answer is no GraphQL answer: it is no JSON object"],
  ["{}", "the answer is no GraphQL answer: it has neither `data` nor `errors`"],
])("%.60s fails the step, though nothing reads the body", async (text, message) => {
  answer = (response) => response.end(text);
  const plain: HttpBody = { kind: "graphql", value: { query: "{ me }" } };
  const result = await steps.run({ method: "POST", body: plain }, unread);
  expect(result.failure).toEqual({ code: "graphql", message });
});

test("an empty list of errors is none; a status that fails comes first", async () => {
  const plain: HttpBody = { kind: "graphql", value: { query: "{ me }" } };
  answer = (response) => response.end('{"data":{},"errors":[]}');
  expect((await steps.run({ method: "POST", body: plain }, unread)).failure).toBeNull();
  answer = (response) => response.writeHead(400).end('{"errors":[{"message":"x"}]}');
  expect((await steps.run({ method: "POST", body: plain }, unread)).failure?.code).toBe("http_400");
});

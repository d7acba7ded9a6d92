import { expect, test } from "vitest";
import { protoFolder } from "../../../test/support/grpc-server.ts";
import { loadWorkflowObject } from "../../definition/load-workflow.ts";
import { openWorkflowFolder } from "../../local/workflow-folder.ts";

function load(config: object, folder = protoFolder) {
  const step = { type: "grpc", config: { address: "127.0.0.1:1", proto: "shop.proto", ...config } };
  // What is undefined is left out.
  return loadWorkflowObject(JSON.parse(JSON.stringify({ steps: [step] })) as object, {
    env: {},
    files: openWorkflowFolder(folder),
  });
}

function problems(config: object): string[] {
  const loaded = load(config);
  return "problems" in loaded ? loaded.problems.map(({ path, message }) => `${path}: ${message}`) : [];
}

const get = "shop.v1.Shop/Get";

test.each([
  [{}, "`method` is missing"],
  [{ method: "Get" }, "config.method: its service is missing; write `package.Service/Method`"],
  [{ method: "a/b/c" }, "config.method: it is none"],
  [{ method: get, service: "shop.Other" }, "config.service: `method` names the service `shop.v1.Shop` already"],
  [{ method: "shop.v1.Shop/Gett" }, "config.method: `shop.v1.Shop` has no method `Gett`; there are `Echo`, `Get`"],
  [{ method: "shop.Shop/Get" }, "config.method: there is no service `shop.Shop`; there is `shop.v1.Shop`"],
  [{ method: get, message: { nme: "x" } }, "config.message.nme: `shop.v1.Ask` has no field `nme`; it has name, count"],
  [{ method: get, message: { count: "many" } }, 'config.message.count: "many" does not fit int32'],
  [{ method: get, messages: [{}] }, "config.messages: `Get` takes one message; write `message`"],
  [{ method: "shop.v1.Shop/Chat", messages: [{}, { name: 1 }] }, "config.messages[1].name: 1 does not fit string"],
  [{ method: get, message: {}, messages: [{}] }, "`message` and `messages` are the same"],
  [{ method: get, proto: "none.proto" }, "config.proto: `none.proto` cannot be read"],
  [{ method: get, proto: undefined }, "name the `proto`, or write reflection: true"],
  [{ method: get, reflection: true }, "`proto` tells the types already"],
  [{ method: get, address: "http://x" }, "config.address: `http://x` is not `host:port`"],
  [{ method: get, address: "127.0.0.1" }, "config.address: `127.0.0.1` is not `host:port`"],
  [{ method: get, url: "grpc://a:1" }, "`address` and `url` are the same"],
  [{ method: get, address: "grpc://a:1", tls: true }, "grpc:// has no TLS; write grpcs://"],
  [{ method: get, metadata: { "a b": "x" } }, "a name has letters, digits"],
  [{ method: get, metadata: { "grpc-timeout": "1S" } }, "the protocol's own"],
  [{ method: get, metadata: { name: "张三" } }, "its value is not ASCII"],
  [{ method: get, metadata: { "a-bin": "§" } }, "its value is not base64"],
  [{ method: get, expect_status: ["NOT_THERE"] }, "`NOT_THERE` is no status"],
  [{ method: get, message: { name: "${nobody}" } }, "nothing sets `nobody`"],
])("bad config %j", (config, message) => {
  expect(problems(config).join("\n")).toContain(message);
});

test.each([
  { method: get },
  { service: "shop.v1.Shop", method: "Get", message: { name: "${vu.id}", count: "${vu.id}" } },
  { method: get, proto: undefined, reflection: true, message: { what: "ever" } },
  { method: get, address: "grpcs://[::1]", tls: { verify: false, server_name: "a" }, expect_status: [5, "ok"] },
  { method: get, proto: ["shop.proto"], import_paths: ["."], metadata: { "x-bin": "AP8=", authorization: "${vu.id}" } },
])("good config %j", (config) => {
  expect(problems(config)).toEqual([]);
});

test("the protos and what they import travel with the workflow, the standard ones do not", () => {
  const loaded = load({ method: get });
  if ("problems" in loaded) throw new Error(JSON.stringify(loaded.problems));
  expect(loaded.workflow.files.map(({ name }) => name).toSorted()).toEqual(["common/money.proto", "shop.proto"]);
  const config = { method: get, proto: "grpc/shop.proto", import_paths: ["grpc"] };
  const inFolder = load(config, `${protoFolder}/..`);
  if ("problems" in inFolder) throw new Error(JSON.stringify(inFolder.problems));
  expect(inFolder.workflow.files.map(({ name }) => name).toSorted()).toEqual([
    "grpc/common/money.proto",
    "grpc/shop.proto",
  ]);
});

import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import protobuf from "protobufjs";
import { openWorkflowFolder } from "../src/local/workflow-folder.ts";
import { type Asker, compareBareAndStep } from "./support/bare-and-step.ts";
import { compileFlow, createAskers } from "./support/compile-flow.ts";

// CPU time and rate of a grpc step (a unary call whose answer is decoded) beside bare grpc-js doing the same, in turn,
// each on as many connections; the server is a process of its own. Run: node bench/grpc.ts [connections] [ms]

const [connections = 10, ms = 1_500] = process.argv.slice(2).map(Number);
const folder = join(import.meta.dirname, "../examples/grpc");
const child = spawn(process.execPath, [join(folder, "server.mjs"), "0"], { stdio: ["ignore", "pipe", "inherit"] });
const [printed] = (await once(child.stdout, "data")) as [Buffer];
const address = /127\.0\.0\.1:\d+/.exec(printed.toString())?.[0] ?? "";

const root = protobuf.loadSync(join(folder, "orders.proto"));
const request = root.lookupType("shop.v1.PlaceRequest");
const order = root.lookupType("shop.v1.Order");

function openBare(): Asker {
  const client = new Client(address, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
  const metadata = new Metadata();
  metadata.set("authorization", "Bearer demo");
  return {
    ask: () =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          "/shop.v1.Orders/Place",
          (value: object) => Buffer.from(request.encode(value).finish()),
          (bytes: Buffer) => order.toObject(order.decode(bytes), { longs: String, enums: String }),
          { customer: "Ann", total: 5 },
          metadata,
          { deadline: Date.now() + 30_000 },
          (error, value) => (error === null ? resolve(value) : reject(error)),
        );
      }),
    close: () => client.close(),
  };
}

const config = {
  address,
  method: "shop.v1.Orders/Place",
  proto: "orders.proto",
  message: { customer: "Ann", total: 5 },
  metadata: { authorization: "Bearer demo" },
};
const step = { type: "grpc", config, assert: [{ type: "json", path: "$.state", value: "PLACED" }] };
const flow = await compileFlow({ steps: [step] }, openWorkflowFolder(folder));
const bare = Array.from({ length: connections }, openBare);
await compareBareAndStep({ name: "grpc", ms, bare, steps: createAskers(flow, connections) });
await flow.close();
child.kill();

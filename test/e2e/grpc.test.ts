import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Report } from "../../src/protocol/report.ts";
import { startCluster } from "../support/cluster.ts";
import { repository, runCommand, withoutProgress } from "../support/command.ts";
import { protoFolder, startGrpcServer } from "../support/grpc-server.ts";
import { copyUnhurried } from "../support/patient-example.ts";

const capabilities = ["--capabilities", "grpc_executor,http_executor"];

test("protos travel with a submit to two slaves, and none without the capability is chosen", {
  timeout: 180_000,
}, async () => {
  const server = await startGrpcServer();
  const cluster = await startCluster();
  await cluster.addSlave("web-1");
  const workflow = {
    options: { vus: 4, iterations: 40 },
    steps: [
      {
        id: "ask",
        type: "grpc",
        config: {
          address: `127.0.0.1:${server.port}`,
          method: "shop.v1.Shop/Get",
          proto: "shop.proto",
          message: { name: "张三 ${vu.id}" },
        },
        assert: [{ type: "json", path: "$.name", value: "hello 张三 ${vu.id}" }],
      },
    ],
  };
  const files = Object.fromEntries(
    ["shop.proto", "common/money.proto"].map((name) => [
      name,
      readFileSync(join(protoFolder, name)).toString("base64"),
    ]),
  );
  const without = await cluster.call("POST", "/workflows", { workflow, files });
  expect(without.status).toBe(409);
  expect(without.body["message"]).toBe("no slaves found with capabilities: grpc_executor");
  await cluster.addSlave("rpc-1", { args: capabilities });
  await cluster.addSlave("rpc-2", { args: capabilities });
  const lacking = await cluster.call("POST", "/workflows", { workflow, files: { "shop.proto": files["shop.proto"] } });
  expect(lacking.status).toBe(400);
  expect(JSON.stringify(lacking.body)).toContain("imports `common/money.proto`, which is not there");
  const report = await cluster.finish(await cluster.submit(workflow, { files }));
  expect(report).toMatchObject({ passed: true, errors: [] });
  expect(report.metrics["grpc_reqs"]?.values["count"]).toBe(40);
  expect(server.metadata).toHaveLength(40);
});

test("a pause and a lease that ran out stop calls, a resume and a master that is back let them go on", {
  timeout: 180_000,
}, async () => {
  const server = await startGrpcServer({ reflection: "v1" });
  const cluster = await startCluster({ heartbeatTimeout: "4s" });
  await cluster.addSlave("rpc-1", { args: capabilities });
  const config = { address: `127.0.0.1:${server.port}`, method: "shop.v1.Shop/Get", reflection: true };
  const options = { vus: 2, duration: "10m", think_time: "20ms" };
  const id = await cluster.submit({ options, steps: [{ type: "grpc", config }] });
  const seen = () => server.metadata.length;
  /** Waits for a stretch without calls. */
  const isQuiet = async () => {
    const before = seen();
    await new Promise((resolve) => setTimeout(resolve, 700));
    return seen() === before;
  };
  const goesOn = () => {
    const before = seen();
    return expect.poll(seen).toBeGreaterThan(before + 10);
  };
  await goesOn();
  expect((await cluster.call("POST", `/executions/${id}/pause`)).status).toBe(200);
  await expect.poll(isQuiet).toBe(true);
  expect((await cluster.call("POST", `/executions/${id}/resume`)).status).toBe(200);
  await goesOn();
  cluster.master.child.kill("SIGSTOP");
  await expect.poll(isQuiet).toBe(true);
  cluster.master.child.kill("SIGCONT");
  await goesOn();
  await cluster.call("DELETE", `/executions/${id}`);
  const report = await cluster.finish(id);
  expect(report.errors).toEqual([]);
  expect(report.metrics["grpc_reqs"]?.values["count"]).toBe(seen());
});

test("a target list of the slave refuses what it denies", { timeout: 180_000 }, async () => {
  const server = await startGrpcServer();
  const cluster = await startCluster();
  await cluster.addSlave("rpc-1", { args: capabilities, env: { WE_SLAVE_TARGETS_DENY: "127.0.0.0/8" } });
  const config = { address: `localhost:${server.port}`, method: "shop.v1.Shop/Get", reflection: true };
  const report = await cluster.finish(
    await cluster.submit({ options: { iterations: 2 }, steps: [{ type: "grpc", config }] }),
  );
  expect(report.errors.map(({ code }) => code)).toEqual(["1110"]);
  expect(server.metadata).toHaveLength(0);
});

test("the examples pass against the server beside them", { timeout: 180_000 }, async () => {
  const child = spawn(process.execPath, ["examples/grpc/server.mjs", "0"], {
    cwd: repository,
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(async () => {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  });
  const [printed] = (await once(child.stdout, "data")) as [Buffer];
  const address = /127\.0\.0\.1:\d+/.exec(printed.toString())?.[0] ?? "";
  for (const name of ["orders", "reflection"]) {
    const file = copyUnhurried(`examples/grpc/${name}.yaml`);
    const args = ["run", file, "--json", "-i", "20", "-e", `address=${address}`];
    const { code, stdout, stderr } = await runCommand(args);
    expect(withoutProgress(stderr)).toBe("");
    const report = JSON.parse(stdout) as Report;
    expect(report).toMatchObject({ passed: true, errors: [] });
    expect(report.metrics["iterations"]?.values["count"]).toBe(20);
    expect(report.metrics["grpc_reqs"]?.values["count"]).toBe(name === "orders" ? 80 : 20);
    expect(report.checks.reduce((fails, check) => fails + check.fails, 0)).toBe(0);
    expect(code).toBe(0);
  }
});

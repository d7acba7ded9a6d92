import { randomBytes } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { startMockKafka, testBrokers } from "../../../test/support/brokers.ts";
import { certificates } from "../../../test/support/certificates.ts";
import { startHelloTap } from "../../../test/support/client-hello.ts";
import { nats } from "../../../test/support/services/nats.ts";
import { startPrivate } from "../../../test/support/services/service.ts";
import { startTlsProxy } from "../../../test/support/tls-proxy.ts";
import { run } from "../../local/run.ts";

// Every field of `tls`, as it reaches a broker.

const read = (path: string) => readFileSync(path, "utf8");
const ca = read(certificates.authority);
const client = { cert: read(certificates.slave.cert), key: read(certificates.slave.key) };
const cipher = "ECDHE-ECDSA-AES128-GCM-SHA256";
const schemes = { rabbitmq: "amqps", kafka: "kafkas", mqtt: "mqtts", redis: "rediss", nats: "tls", jetstream: "tls" };

async function publish(type: keyof typeof schemes, host: string, port: number, tls: object): Promise<string[]> {
  const topic = `we-${randomBytes(6).toString("hex")}`;
  const config = { type, url: `${schemes[type]}://${host}:${port}`, topic, message: "x", timeout: "50s", tls };
  const declares = type === "jetstream" ? { ...config, stream: topic } : config;
  const report = await run({ options: { iterations: 1, vus: 1 }, steps: [{ type: "mq", config: declares }] });
  return report.errors.map(({ code, message }) => `${code}: ${message}`);
}

describe.each(testBrokers.filter(({ type }) => type !== "nats" && type !== "jetstream"))("$type", (broker) => {
  const { type } = broker;

  test("name, versions, ciphers and certificate are what the server sees", async () => {
    const server = await broker.start();
    onTestFinished(() => server.close());
    const { port, clients } = await startTlsProxy(server.port, broker.rewrite);
    const seen = async (host: string, tls: object) => {
      const errors = await publish(type, host, port, { ca, ...tls });
      // A driver may dial more than once, in the same way.
      const ways = new Set(clients.splice(0).map((each) => Object.values(each).join(" ")));
      return [errors, ...ways];
    };
    const [best, other] = ["TLSv1.3 TLS_AES_256_GCM_SHA384", "TLSv1.3 TLS_AES_128_GCM_SHA256"];
    expect(await seen("localhost", {})).toEqual([[], `localhost ${best} `]);
    expect(await seen("127.0.0.1", { server_name: "localhost" })).toEqual([[], `localhost ${best} `]);
    expect(await seen("127.0.0.1", client)).toEqual([[], ` ${best} slave-1`]);
    expect(await seen("127.0.0.1", { ciphers: "TLS_AES_128_GCM_SHA256" })).toEqual([[], ` ${other} `]);
    const older = " TLSv1.2 TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 ";
    expect(await seen("127.0.0.1", { max_version: "1.2", ciphers: cipher })).toEqual([[], older]);
  });

  test("a name that the certificate is not for, an authority that is not trusted, are refused", async () => {
    const server = await broker.start();
    onTestFinished(() => server.close());
    const { port } = await startTlsProxy(server.port, broker.rewrite);
    expect(await publish(type, "127.0.0.1", port, { ca, server_name: "shop.test" })).toEqual([
      expect.stringMatching(/^1311: /),
    ]);
    expect(await publish(type, "127.0.0.1", port, {})).toEqual([expect.stringMatching(/^1310: /)]);
    expect(await publish(type, "127.0.0.1", port, { verify: false, server_name: "shop.test" })).toEqual([]);
  });
});

test("kafka: brokers that it is told of are asked for by their own names, unless the step names one", async () => {
  const broker = testBrokers.find(({ type }) => type === "kafka");
  const server = await startMockKafka();
  onTestFinished(() => server.close());
  // As long as the address in its place.
  const rename = (chunk: Buffer, port: number) =>
    Buffer.from(
      (broker?.rewrite?.(chunk, port) ?? chunk).toString("latin1").replaceAll("127.0.0.1", "localhost"),
      "latin1",
    );
  const { port, clients } = await startTlsProxy(server.port, rename);
  const names = () => new Set(clients.splice(0).map(({ serverName }) => serverName));
  expect(await publish("kafka", "127.0.0.1", port, { ca })).toEqual([]);
  expect(names()).toEqual(new Set(["", "localhost"]));
  expect(await publish("kafka", "127.0.0.1", port, { verify: false, server_name: "shop.test" })).toEqual([]);
  expect(names()).toEqual(new Set(["shop.test"]));
});

test("nats, which comes to TLS after its first words", async () => {
  const folder = mkdtempSync(join(tmpdir(), "we-tls-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const authority = join(folder, "authority.pem");
  copyFileSync(certificates.authority, authority);
  const server = await startPrivate(nats, { secure: true, more: ["--tlsverify", "--tlscacert", authority] });
  onTestFinished(() => server.close());
  const tap = await startHelloTap(server.port);
  const tls = { ca, ...client };
  expect(await publish("nats", "127.0.0.1", tap.port, { ...tls, server_name: "localhost" })).toEqual([]);
  expect(tap.latest()).toMatchObject({ serverName: "localhost", versions: [0x0304, 0x0303] });
  expect(await publish("nats", "127.0.0.1", tap.port, { ...tls, max_version: "1.2", ciphers: cipher })).toEqual([]);
  expect(tap.latest().versions).toEqual([0x0303]);
  expect(tap.latest().ciphers[0]).toBe(0xc02b);
  expect(await publish("nats", "127.0.0.1", tap.port, { ...tls, min_version: "1.3" })).toEqual([]);
  expect(tap.latest().versions).toEqual([0x0304]);
  expect(await publish("nats", "127.0.0.1", tap.port, { ...tls, server_name: "shop.test" })).toEqual([
    expect.stringMatching(/^1311: /),
  ]);
  // Without its certificate nobody is let in.
  expect((await publish("nats", "127.0.0.1", tap.port, { ca })).length).toBe(1);
});

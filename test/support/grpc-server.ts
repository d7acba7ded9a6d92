import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  type ServiceDefinition,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { ReflectionService } from "@grpc/reflection";
import { onTestFinished } from "vitest";

/** Where shop.proto lies. */
export const protoFolder = fileURLToPath(new URL("./grpc", import.meta.url));

interface Ask {
  readonly name: string;
  readonly count: number;
  readonly status: number;
  readonly delay_ms: number;
}

/** A gRPC server of shop.proto inside the test's process. */
export interface GrpcServer {
  readonly port: number;
  /** What the calls brought, in order. */
  readonly metadata: Metadata[];
  /** The authority that each named. */
  readonly hosts: string[];
  /** Calls of `Get` that their client gave up. */
  cancelled(): number;
  /** Ends calls and connections at once. */
  kill(): void;
  /** Ends the calls of `List` that ask for `held`. */
  release(): void;
  /** Lets calls end, and tells clients to go: GOAWAY. */
  drain(): Promise<void>;
}

export interface GrpcServerOptions {
  /** Default: any. */
  readonly port?: number;
  /** PEM files. Default: no TLS. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly clients?: string };
  /** Which versions of reflection are spoken. Default: none. */
  readonly reflection?: "v1" | "v1alpha";
  /** `authorization` that every call must bring. Default: none. */
  readonly token?: string;
}

/** Starts it; it ends with the test. */
export async function startGrpcServer(options: GrpcServerOptions = {}): Promise<GrpcServer> {
  const definition = loadSync("shop.proto", {
    includeDirs: [protoFolder],
    keepCase: true,
    longs: String,
    defaults: true,
  });
  const server = new Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  const metadata: Metadata[] = [];
  const hosts: string[] = [];
  let cancelled = 0;
  const held = new Set<ServerWritableStream<Ask, object>>();

  const enter = (call: { readonly metadata: Metadata; getHost(): string }) => {
    metadata.push(call.metadata);
    hosts.push(call.getHost());
    const allowed = options.token === undefined || call.metadata.get("authorization")[0] === options.token;
    return allowed ? null : { code: 16, details: "who are you? 你是谁" };
  };
  const after = (ms: number, task: () => void) => (ms > 0 ? void setTimeout(task, ms) : task());
  const trailers = () => {
    const given = new Metadata();
    given.set("x-trailer", "end");
    given.set("x-trailer-bin", Buffer.from([0, 255]));
    return given;
  };

  const service = definition["shop.v1.Shop"] as ServiceDefinition;
  const asIs = { requestDeserialize: (bytes: Buffer) => bytes, responseSerialize: (bytes: Buffer) => bytes };
  server.addService({ ...service, Echo: { ...service["Echo"], ...asIs } } as ServiceDefinition, {
    Echo(call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) {
      const refusal = enter(call);
      if (refusal === null) done(null, call.request);
      else done(refusal);
    },
    Get(call: ServerUnaryCall<Ask, object>, done: sendUnaryData<object>) {
      const refusal = enter(call);
      call.on("cancelled", () => cancelled++);
      const { name, count, status, delay_ms: delay } = call.request;
      const head = new Metadata();
      head.set("x-head", "start");
      call.sendMetadata(head);
      after(delay, () => {
        if (refusal !== null) done(refusal);
        else if (status !== 0) done({ code: status, details: `asked for ${status}` });
        else done(null, { name: `hello ${name}`, number: 1, data: Buffer.alloc(count, 255) }, trailers());
      });
    },
    List(call: ServerWritableStream<Ask, object>) {
      enter(call);
      const { name, count, status } = call.request;
      for (let number = 1; number <= count && !call.cancelled; number++) call.write({ name, number });
      if (name === "held") held.add(call);
      else if (status === 0) call.end(trailers());
      else call.emit("error", { code: status, details: "halfway" });
    },
    Collect(call: ServerReadableStream<Ask, object>, done: sendUnaryData<object>) {
      enter(call);
      const names: string[] = [];
      call.on("data", ({ name }: Ask) => names.push(name));
      call.on("end", () => done(null, { name: names.join(","), number: names.length }));
    },
    Chat(call: ServerDuplexStream<Ask, object>) {
      enter(call);
      let number = 0;
      call.on("data", ({ name, count }: Ask) => {
        for (let sent = 0; sent < Math.max(1, count); sent++) call.write({ name: `${name}!`, number: ++number });
      });
      call.on("end", () => call.end());
    },
  });
  if (options.reflection !== undefined) {
    const reflection = new ReflectionService(definition);
    const keep = options.reflection;
    reflection.addToServer({
      addService(given: ServiceDefinition, handlers: object) {
        const [method] = Object.values(given);
        if (method?.path.includes(`.${keep}.`) === true) server.addService(given, handlers as never);
      },
    } as unknown as Server);
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${options.port ?? 0}`, createCredentials(options.tls), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  onTestFinished(() => server.forceShutdown());
  return {
    port,
    metadata,
    hosts,
    cancelled: () => cancelled,
    release: () => held.forEach((call) => call.end(trailers())),
    kill: () => server.forceShutdown(),
    drain: () => new Promise((resolve) => server.tryShutdown(() => resolve())),
  };
}

function createCredentials(tls: GrpcServerOptions["tls"]): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  const pair = { cert_chain: readFileSync(tls.cert), private_key: readFileSync(tls.key) };
  const clients = tls.clients === undefined ? null : readFileSync(tls.clients);
  return ServerCredentials.createSsl(clients, [pair], clients !== null);
}

import { parseListenAddress } from "../config/listen-address.ts";
import { createDemoServer } from "../demo/demo-server.ts";
import { EngineError } from "../errors.ts";
import { watchInterrupts } from "./interrupts.ts";
import type { Terminal } from "./terminal.ts";

export interface DemoTargetOptions {
  readonly address: string;
}

/**
 * Serves the built-in target until told to end; gives 0. Throws EngineError: `invalid_usage` for what is no address,
 * `start_failed` for one that cannot be served.
 */
export async function demoTargetCommand({ address }: DemoTargetOptions, terminal: Terminal): Promise<number> {
  const listen = parseListenAddress(address);
  if (listen === null) {
    throw new EngineError(
      "invalid_usage",
      `--address: \`${address}\` is no address; it takes [host]:port such as :8000`,
    );
  }
  const server = createDemoServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => {
      reject(new EngineError("start_failed", `cannot serve at ${address}: ${cause.message}`, { cause }));
    });
    server.listen(listen.port, listen.host ?? undefined, resolve);
  });
  const bound = server.address();
  const port = typeof bound === "object" ? (bound?.port ?? listen.port) : listen.port;
  const host = listen.host ?? "localhost";
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
  const ended = new Promise<void>((resolve) => {
    const signals = watchInterrupts(() => {
      signals.close();
      server.close(() => resolve());
      server.closeAllConnections();
    });
  });
  terminal.print(`demo target ready at ${url}\n`);
  await ended;
  return 0;
}

import type { Matches } from "../../driver/compile-match.ts";
import { createCallDriver, CallWithheld, type DriverCall, DriverFailure } from "../../driver/call-driver.ts";
import type { DriverAnswer } from "../../driver/driver-result.ts";
import { DriverResult } from "../../driver/driver-result.ts";
import { createDialPorts } from "../../driver/dial-http-target.ts";
import { ReceivedMessages } from "../../driver/received-messages.ts";
import { tellHowMany } from "../../driver/tell-how-many.ts";
import { connectionsOf, type VuConnections } from "../../driver/vu-connections.ts";
import { compileProxy } from "../../http/compile-proxy.ts";
import { loadTls } from "../../http/tls.ts";
import type { Recorder } from "../../measure/recorder.ts";
import type { Executor, ExecutorContext, Operation, StepContext, StepResult } from "../../protocol/step.ts";
import type { Step } from "../../protocol/workflow.ts";
import { compileTexts, type WebSocketTexts } from "./compile-texts.ts";
import { loadWebSockets, openWebSocket } from "./open-websocket.ts";
import type { WebSocketConfig } from "./websocket-config.ts";
import type { WebSocketConnection } from "./websocket-connection.ts";
import type { WebSocketMessage } from "./websocket-message.ts";
import { createWebSocketSeries } from "./websocket-series.ts";

type Call = DriverCall<DriverAnswer | null>;

/** What one run of a step works with. */
interface Use {
  /** The VU's number. */
  readonly vu: number;
  readonly connections: VuConnections<WebSocketConnection>;
  readonly texts: WebSocketTexts;
  readonly taken: WebSocketMessage[];
}

/** Performs `websocket` steps. One per thread and execution; connections belong to the VU. */
export function createWebSocketExecutor(context: ExecutorContext, recorder: Recorder): Executor {
  const { clock, permit, slot } = context;
  const { http } = context.workflow;
  const ports = createDialPorts(context);
  const callDriver = createCallDriver(ports);
  const open = new Set<WebSocketConnection>();
  let pings = 0;

  function compile(step: Step, stepContext: StepContext): Operation {
    // The step's spec has checked and completed it.
    const config = step.config as unknown as WebSocketConfig;
    const { action, count, encoding, timeoutMs } = config;
    if (/^(?:wss|https):/i.test(config.url)) loadTls();
    const chooseProxy = config.proxy === null ? null : compileProxy(config.proxy, context);
    const fill = compileTexts(step, http, chooseProxy, stepContext);
    const series = createWebSocketSeries(recorder, stepContext.tags);
    const show = (message: WebSocketMessage) => message.show(encoding);

    async function connect({ vu, connections, texts }: Use, call: Call): Promise<WebSocketConnection> {
      const { name, target } = texts;
      if (target === null)
        throw new DriverFailure("1000", `no connection \`${name}\` is open, and the step has no url`);
      const startedAt = clock.now();
      const connection = await openWebSocket(config, { ...target, vu }, ports, call, series);
      open.add(connection);
      void connection.closed.then(() => open.delete(connection));
      series.connected(clock.now() - startedAt);
      if (call.isGivenUp) connection.close();
      else connections.keep(name, connection);
      return connection;
    }

    function perform(use: Use, call: Call): Promise<void> | void {
      const { connections, texts } = use;
      if (action === "close") return closing(connections, texts, call);
      const known = action === "connect" ? undefined : connections.find(texts.name);
      if (known === undefined || (action !== "receive" && !known.canSend)) return connectFirst(use, call);
      return exchange(known, use, call);
    }

    async function connectFirst(use: Use, call: Call): Promise<void> {
      const connection = await connect(use, call);
      if (call.isGivenUp) return;
      if (action === "connect") {
        call.done(null);
        return;
      }
      if (action !== "receive" && !permit.maySend(clock.now())) throw new CallWithheld();
      await exchange(connection, use, call);
    }

    function exchange(connection: WebSocketConnection, { texts, taken }: Use, call: Call): Promise<void> | void {
      if (action === "ping") return ping(connection, call);
      const { data, matches } = texts;
      if (data !== null) {
        series.sent(data);
        // Who waits for the answer need not know when the kernel had the question, unless it is too much for it.
        if (count === 0 || connection.isBacklogged) return sendFirst(connection, data, matches, taken, call);
        connection.post(data);
      }
      receive(connection, matches, taken, call);
    }

    async function ping(connection: WebSocketConnection, call: Call): Promise<void> {
      const sentAt = clock.now();
      const payload = String(++pings);
      call.onGivenUp = () => connection.forgetPing(payload);
      await connection.ping(payload);
      series.pinged(clock.now() - sentAt);
      call.done(null);
    }

    async function sendFirst(
      connection: WebSocketConnection,
      data: string | Buffer,
      matches: Matches | null,
      taken: WebSocketMessage[],
      call: Call,
    ): Promise<void> {
      await connection.send(data);
      receive(connection, matches, taken, call);
    }

    function receive(
      connection: WebSocketConnection,
      matches: Matches | null,
      taken: WebSocketMessage[],
      call: Call,
    ): void {
      if (count === 0) {
        call.done(null);
        return;
      }
      call.onGivenUp = () => connection.mailbox.giveUp();
      const suits = matches === null ? null : (message: WebSocketMessage) => matches(message.text(encoding));
      connection.mailbox.take({ count, matches: suits, taken }, (error) => {
        if (error === null) call.done(new ReceivedMessages(taken, show, count === 1));
        else call.fail(error);
      });
    }

    async function closing(
      connections: VuConnections<WebSocketConnection>,
      { name, reason }: WebSocketTexts,
      call: Call,
    ): Promise<void> {
      const connection = connections.find(name);
      if (connection === undefined) {
        call.done(null);
        return;
      }
      call.onGivenUp = () => connection.destroy();
      const answer = { ...(await connection.closeWith(config.code, reason)) };
      connections.drop(name);
      call.done({ output: answer, json: answer, text: () => answer.reason });
    }

    return (vu, deadline) => {
      const connections = connectionsOf<WebSocketConnection>(vu, slot);
      const texts = fill(vu);
      const taken: WebSocketMessage[] = [];
      return callDriver(vu, deadline, timeoutMs, {
        begin: (call: Call) => perform({ vu: vu.id, connections, texts, taken }, call),
        describe: describeFault,
        finish: (ended): StepResult => {
          const outcome = tellHowMany(ended, taken.length, count);
          // The answer to what was sent may still come, and must not be taken for that to the next.
          if (outcome.kind !== "done" && action === "send") connections.drop(texts.name);
          return new DriverResult(outcome, texts.name, outcome.kind === "done" ? outcome.value : null);
        },
      });
    };
  }

  return {
    compile,
    prepare: async () => {
      await loadWebSockets();
    },
    close: async () => {
      for (const connection of open) connection.close();
      await Promise.all([...open].map(({ closed }) => closed));
    },
  };
}

/** For a slave that offers http steps to any workflow. */
createWebSocketExecutor.loadDrivers = async (): Promise<void> => {
  await loadWebSockets();
};

/** Everything a peer can do is a DriverFailure already. */
function describeFault(error: unknown): never {
  throw error;
}

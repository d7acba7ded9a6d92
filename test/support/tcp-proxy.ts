import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** A TCP proxy on loopback that does to its connections what networks do. */
export interface TcpProxy {
  readonly port: number;
  /** Open pairs of connections. */
  readonly connections: number;
  /** Those who dialled and have not closed their side, whether or not anybody was told. */
  readonly callers: number;
  /** Whether one of the parts that came from those who dialled holds this text. */
  heard(text: string): boolean;
  /** Bytes pass as they come: the state at the start. Held-back ones go first. */
  pass(): void;
  /** Nothing passes in either direction, and nobody is told: neither end sees a close. New connections are taken too. */
  blackHole(): void;
  /** What was dialled says nothing; what is said to it passes. */
  holdAnswers(): void;
  /** Bytes pass so much later, ms. */
  delay(ms: number): void;
  /** Every open connection is reset. */
  reset(): void;
  /** Who dialled is told of the end; what it says still passes. */
  halfClose(): void;
  close(): Promise<void>;
}

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

/** Starts one in front of a port of this machine. `rewrite` may change what comes from there, given the proxy's port. */
export async function startTcpProxy(
  targetPort: number,
  rewrite: (chunk: Buffer, port: number) => Buffer = (chunk) => chunk,
): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  const parts: string[] = [];
  const callers = new Set<Socket>();
  const farSockets = new Set<Socket>();
  const held: (() => void)[] = [];
  let open = true;
  let mute = false;
  let delayMs = 0;

  const carry = (task: () => void, isAnswer: boolean): void => {
    if (!open || (mute && isAnswer)) held.push(task);
    else if (delayMs > 0) setTimeout(() => carryNow(task), delayMs);
    else task();
  };
  const carryNow = (task: () => void): void => {
    if (open) task();
    else held.push(task);
  };
  const join = (from: Socket, to: Socket, pair: Pair, change = (chunk: Buffer) => chunk): void => {
    const isAnswer = from === pair.far;
    from.on("data", (chunk: Buffer) => carry(() => to.destroyed || to.write(change(chunk)), isAnswer));
    from.on("end", () => carry(() => to.end(), isAnswer));
    // A reset of one end reaches the other as one.
    from.on("error", () => carry(() => to.destroy(), isAnswer));
    from.on("close", () => {
      pairs.delete(pair);
      carry(() => to.destroy(), isAnswer);
    });
  };
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ port: targetPort, host: "127.0.0.1", allowHalfOpen: true });
    farSockets.add(far);
    far.once("close", () => farSockets.delete(far));
    const pair = { near, far };
    pairs.add(pair);
    callers.add(near);
    near.on("end", () => callers.delete(near));
    near.on("close", () => callers.delete(near));
    near.on("data", (chunk: Buffer) => parts.push(chunk.toString()));
    join(near, far, pair);
    join(far, near, pair, (chunk) => rewrite(chunk, port));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  const destroyAll = (): void => {
    for (const { near, far } of pairs) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
  };
  return {
    port,
    heard: (text) => parts.some((part) => part.includes(text)),
    get connections() {
      return pairs.size;
    },
    get callers() {
      return callers.size;
    },
    pass() {
      open = true;
      mute = false;
      delayMs = 0;
      for (const task of held.splice(0)) task();
    },
    blackHole() {
      open = false;
    },
    holdAnswers() {
      mute = true;
    },
    delay(ms) {
      delayMs = ms;
    },
    reset: destroyAll,
    halfClose() {
      for (const { near } of pairs) near.end();
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      destroyAll();
      // Ends that still had to be told of the other's.
      for (const socket of farSockets) socket.destroy();
      await closed;
    },
  };
}

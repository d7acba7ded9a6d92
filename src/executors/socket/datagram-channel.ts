import type { Socket } from "node:dgram";
import { DriverFailure } from "../../driver/call-driver.ts";
import { codeOfBreak } from "../../http/codes.ts";
import type { ByteCount, Channel, Receiver } from "./channel.ts";

/**
 * A connected UDP socket. Datagrams that nobody receives are kept up to `maxBytes`; of more the oldest are dropped, and
 * `onDropped` is told.
 */
export function createDatagramChannel(
  socket: Socket,
  maxBytes: number,
  count: ByteCount,
  onDropped: () => void,
): Channel {
  const kept: Buffer[] = [];
  let keptBytes = 0;
  let waiting: Receiver | null = null;
  /** A port that nobody listens on says so by ICMP, to the next one who asks. */
  let failure: DriverFailure | null = null;
  let closed = false;

  function answer(tell: (receiver: Receiver) => void): void {
    const receiver = waiting;
    waiting = null;
    if (receiver !== null) tell(receiver);
  }

  socket.on("message", (message) => {
    count.received(message.length);
    if (waiting !== null) {
      answer((receiver) => receiver.done(message));
      return;
    }
    kept.push(message);
    keptBytes += message.length;
    while (keptBytes > maxBytes && kept.length > 1) {
      keptBytes -= kept.shift()?.length ?? 0;
      onDropped();
    }
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    const code = error.code === "ECONNREFUSED" ? "1212" : String(codeOfBreak(error));
    failure = new DriverFailure(code, `the socket failed: ${error.code ?? error.message}`);
    const broken = failure;
    answer((receiver) => receiver.fail(broken));
  });
  socket.on("close", () => {
    closed = true;
  });

  return {
    send: (data) =>
      new Promise((resolve, reject) => {
        socket.send(data, (error) => {
          if (error === null) {
            count.sent(data.length);
            resolve();
          } else {
            const { code } = error as NodeJS.ErrnoException;
            const known = code === "ECONNREFUSED" ? "1212" : String(codeOfBreak(error));
            reject(new DriverFailure(known, `the datagram was not sent: ${code ?? error.message}`));
          }
        });
      }),
    // A datagram is sent later in any case.
    post: () => false,
    receive: (_ending, receiver) => {
      const next = kept.shift();
      if (next !== undefined) {
        keptBytes -= next.length;
        receiver.done(next);
      } else if (failure !== null) receiver.fail(failure);
      else if (waiting === null) waiting = receiver;
      else {
        const message = "another step is receiving from this socket; give it a socket of its own";
        receiver.fail(new DriverFailure("1000", message));
      }
    },
    forget: () => {
      waiting = null;
    },
    get isOver() {
      return closed || failure !== null;
    },
    close: () => {
      if (closed) return;
      closed = true;
      socket.close();
    },
  };
}

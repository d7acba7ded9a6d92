import type { Socket } from "node:net";
import { DriverFailure } from "../../driver/call-driver.ts";
import { codeOfBreak } from "../../http/codes.ts";
import { ByteQueue } from "./byte-queue.ts";
import type { ByteCount, Channel, Ending, Receiver } from "./channel.ts";

interface Waiting {
  readonly ending: Ending;
  readonly receiver: Receiver;
}

/** A TCP, TLS or unix connection. More than `maxBytes` that nobody receives are left to the peer to keep. */
export function createStreamChannel(socket: Socket, maxBytes: number, count: ByteCount): Channel {
  const queue = new ByteQueue();
  let waiting: Waiting | null = null;
  /** Bytes in which the delimiter was looked for already. */
  let searched = 0;
  let broken: DriverFailure | null = null;
  let ended = false;
  let isPaused = false;

  socket.on("data", (chunk: Buffer) => {
    count.received(chunk.length);
    queue.append(chunk);
    serve();
    if (queue.length <= maxBytes) return;
    isPaused = true;
    socket.pause();
  });
  socket.on("end", () => {
    ended = true;
    serve();
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    breakOff(new DriverFailure(String(codeOfBreak(error)), `the connection broke: ${error.code ?? error.message}`));
  });
  socket.on("close", () => {
    ended = true;
    serve();
  });

  function breakOff(failure: DriverFailure): void {
    broken ??= failure;
    serve();
  }

  /** Gives the one who waits what has come, or says that it will not come. */
  function serve(): void {
    if (waiting === null) return;
    const { ending, receiver } = waiting;
    const answer = takeAnswer(ending);
    const failure = answer === null ? findFailure() : null;
    if (answer === null && failure === null) return;
    waiting = null;
    if (answer !== null) receiver.done(answer);
    else receiver.fail(failure);
  }

  /** Why no answer will come; null: one may. */
  function findFailure(): DriverFailure | null {
    const { length } = queue;
    if (length >= maxBytes) return tooLong(maxBytes);
    if (broken !== null) return broken;
    if (!ended) return null;
    return new DriverFailure("1000", `the peer closed the connection with ${length} bytes of an answer not whole`);
  }

  function takeAnswer(ending: Ending): Buffer | null {
    if (ending === null) return queue.length > 0 ? queue.take(queue.length) : null;
    if ("length" in ending) return queue.length >= ending.length ? queue.take(ending.length) : null;
    const { delimiter } = ending;
    const at = queue.indexOf(delimiter, searched);
    if (at < 0) {
      searched = Math.max(0, queue.length - delimiter.length + 1);
      return null;
    }
    searched = 0;
    const answer = queue.take(at);
    queue.drop(delimiter.length);
    return answer;
  }

  return {
    send: (data) =>
      new Promise((resolve, reject) => {
        if (broken !== null) {
          reject(broken);
          return;
        }
        socket.write(data, (error) => {
          if (error === null || error === undefined) {
            count.sent(data.length);
            resolve();
          } else {
            reject(broken ?? new DriverFailure(String(codeOfBreak(error)), `nothing was sent: ${error.message}`));
          }
        });
      }),
    post: (data) => {
      if (broken !== null || socket.writableLength > 0) return false;
      socket.write(data);
      count.sent(data.length);
      return true;
    },
    receive: (ending, receiver) => {
      if (waiting !== null) {
        const message = "another step is receiving from this socket; give it a socket of its own";
        receiver.fail(new DriverFailure("1000", message));
        return;
      }
      searched = 0;
      waiting = { ending, receiver };
      serve();
      if (isPaused && queue.length <= maxBytes) {
        isPaused = false;
        socket.resume();
      }
    },
    forget: () => {
      waiting = null;
    },
    get isOver() {
      return broken !== null || socket.destroyed || (ended && queue.length === 0);
    },
    close: () => {
      socket.destroy();
    },
  };
}

function tooLong(maxBytes: number): DriverFailure {
  return new DriverFailure("1000", `the answer is longer than ${maxBytes} bytes; raise max_bytes`);
}

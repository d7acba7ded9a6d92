import type { Client, Metadata, StatusObject } from "@grpc/grpc-js";
import type { DriverCall } from "../../driver/call-driver.ts";
import type { Method } from "./find-method.ts";
import { status } from "./status.ts";

/** One call, made ready. */
export interface CallRequest {
  readonly method: Method;
  readonly messages: readonly Buffer[];
  readonly metadata: Metadata;
  readonly deadline: Date;
  /** Keep the answers? Else they are counted. */
  readonly keeps: boolean;
  /** Keep what the server said of the call? */
  readonly keepsMetadata: boolean;
  readonly maxMessages: number;
  readonly maxBytes: number;
}

/** What the server answered, whatever the status. */
export interface CallAnswer {
  readonly code: number;
  readonly details: string;
  readonly messages: readonly Buffer[];
  readonly metadata: Metadata | null;
  readonly trailers: Metadata | null;
  readonly received: number;
  readonly receivedBytes: number;
}

/** A message that is kept costs more than its bytes. */
const bytesPerMessage = 128;

const asIs = (bytes: Buffer): Buffer => bytes;

/** Makes a call of any of the four kinds; gives its status. A call that is given up is cancelled. */
export function performCall(client: Client, request: CallRequest, call: DriverCall): Promise<CallAnswer> {
  const { method, keeps, keepsMetadata, maxMessages, maxBytes } = request;
  const options = { deadline: request.deadline };
  const [first = Buffer.alloc(0)] = request.messages;
  return new Promise((resolve) => {
    const messages: Buffer[] = [];
    let received = 0;
    let receivedBytes = 0;
    let keptBytes = 0;
    let metadata: Metadata | null = null;
    let isOver = false;

    const finish = (code: number, details: string, trailers: Metadata | null): void => {
      if (isOver) return;
      isOver = true;
      resolve({ code, details, messages, metadata, trailers, received, receivedBytes });
    };
    const receive = (message: Buffer): void => {
      if (isOver) return;
      received++;
      receivedBytes += message.length;
      if (keeps) {
        keptBytes += message.length + bytesPerMessage;
        if (method.givesMany && keptBytes > maxBytes) {
          finish(status.resourceExhausted, `the answers are larger than ${maxBytes} bytes; raise max_bytes`, null);
          running.cancel();
          return;
        }
        messages.push(message);
      }
      if (received < maxMessages || !method.givesMany) return;
      finish(status.ok, "", null);
      running.cancel();
    };
    const end = ({ code, details, metadata: trailers }: StatusObject) => finish(code, details, trailers);
    const answer = (_error: unknown, message?: Buffer): void => {
      if (message !== undefined) receive(message);
    };
    const running = start();
    call.onGivenUp = () => running.cancel();
    running.on("status", end);
    if (keepsMetadata) {
      running.on("metadata", (given: Metadata) => {
        metadata = given;
      });
    }

    function start() {
      const { path, takesMany, givesMany } = method;
      if (!takesMany && !givesMany) {
        return client.makeUnaryRequest(path, asIs, asIs, first, request.metadata, options, answer);
      }
      if (!takesMany) return read(client.makeServerStreamRequest(path, asIs, asIs, first, request.metadata, options));
      if (!givesMany) return write(client.makeClientStreamRequest(path, asIs, asIs, request.metadata, options, answer));
      return write(read(client.makeBidiStreamRequest(path, asIs, asIs, request.metadata, options)));
    }

    function read<Stream extends { on(event: string, listener: (value: Buffer) => void): unknown }>(
      stream: Stream,
    ): Stream {
      stream.on("data", receive);
      // The status says the same.
      stream.on("error", () => undefined);
      return stream;
    }

    function write<Stream extends { write(message: Buffer): unknown; end(): unknown }>(stream: Stream): Stream {
      for (const message of request.messages) stream.write(message);
      stream.end();
      return stream;
    }
  });
}

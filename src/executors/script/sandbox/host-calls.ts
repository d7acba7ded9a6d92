import { createHash, createHmac } from "node:crypto";
import type { QuickJSContext, QuickJSHandle } from "quickjs-emscripten-core";

/** What the host hears from inside. */
export interface HostListener {
  ask(run: number, number: number, text: string): void;
  done(text: string): void;
}

type Encoding = "hex" | "base64" | "base64url" | "latin1";

/** An object of the sandbox whose methods are the host's. They take and give texts and numbers alone. */
export function createHostCalls(context: QuickJSContext, seed: string, listener: HostListener): QuickJSHandle {
  const host = context.newObject();
  const text = (handle: QuickJSHandle | undefined): string => (handle === undefined ? "" : context.getString(handle));
  const define = (name: string, call: (...args: QuickJSHandle[]) => QuickJSHandle | undefined): void => {
    const method = context.newFunction(name, call);
    context.setProp(host, name, method);
    method.dispose();
  };

  define("ask", (run, number, what) => {
    const [id = 0, place = 0] = [run, number].map((one) => (one === undefined ? 0 : context.getNumber(one)));
    listener.ask(id, place, text(what));
    return undefined;
  });
  define("done", (outcome) => {
    listener.done(text(outcome));
    return undefined;
  });
  define("hash", (algorithm, data, form, encoding) =>
    digest(
      () =>
        createHash(text(algorithm))
          .update(Buffer.from(text(data), text(form) as BufferEncoding))
          .digest(),
      encoding,
    ),
  );
  define("hmac", (algorithm, key, keyForm, data, form, encoding) =>
    digest(
      () =>
        createHmac(text(algorithm), Buffer.from(text(key), text(keyForm) as BufferEncoding))
          .update(Buffer.from(text(data), text(form) as BufferEncoding))
          .digest(),
      encoding,
    ),
  );
  define("random", (id, draw, count, encoding) => {
    const [run, place, length] = [id, draw, count].map((one) => (one === undefined ? 0 : context.getNumber(one)));
    const hash = createHash("shake256", { outputLength: Math.max(1, length ?? 1) });
    const drawn = hash.update(`${seed} ${run} ${place}`).digest();
    return context.newString(drawn.subarray(0, length).toString(text(encoding) as Encoding));
  });
  define("base64", (value, encode) =>
    context.newString(
      encode !== undefined && context.dump(encode) === true
        ? Buffer.from(text(value), "utf8").toString("base64")
        : Buffer.from(text(value), "base64").toString("utf8"),
    ),
  );
  return host;

  function digest(hash: () => Buffer, encoding: QuickJSHandle | undefined): QuickJSHandle {
    try {
      return context.newString(hash().toString(text(encoding) as Encoding));
    } catch {
      // An unknown algorithm is the one thing that can be wrong here.
      throw new Error("there is no such hash algorithm; use md5, sha1, sha256, sha384 or sha512");
    }
  }
}

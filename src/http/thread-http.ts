import type { ExecutorContext, VirtualUser } from "../protocol/step.ts";
import { loadCookieJar, loadDecoder, loadPageReader } from "./late-modules.ts";
import { loadHttp2 } from "./http2/load-http2.ts";
import { compileProxy } from "./compile-proxy.ts";
import type { ChooseProxy } from "./proxy.ts";
import { Session } from "./session.ts";
import { loadTls } from "./tls.ts";
import { traceClient } from "./trace-client.ts";
import { createTransport } from "./transport.ts";

/**
 * HTTP as all executors of a thread and execution share it: one transport, and for each VU one session, so that
 * whatever sends a request of a VU uses its connections and its cookies.
 */
export interface ThreadHttp {
  openSession(vu: VirtualUser): Session;
  /** The proxies of a setting; null: none. Throws EngineError `template` for what cannot be filled in or is no URL. */
  chooseProxy(setting: string | null): ChooseProxy | null;
  /** Says what answers may call for; the modules for it are loaded by `prepare`. */
  foresee(what: Partial<Foreseen>): void;
  /** Loading a module takes tens of milliseconds, in which every VU would stand. */
  prepare(): Promise<void>;
  /** Idempotent; waits until every socket is destroyed. */
  close(): Promise<void>;
}

interface Foreseen {
  tls: boolean;
  cookies: boolean;
  bodies: boolean;
  http2: boolean;
  /** Pages, of which the assets are loaded. */
  pages: boolean;
}

const key = Symbol("http");

/** The one ThreadHttp of a thread and execution: made by the first who asks, who lends it its place in the VUs. */
export function shareHttp(context: ExecutorContext): ThreadHttp {
  const known = context.shared.get(key);
  if (known !== undefined) return known as ThreadHttp;
  const made = createThreadHttp(context);
  context.shared.set(key, made);
  return made;
}

function createThreadHttp(context: ExecutorContext): ThreadHttp {
  const { workflow, clock, permit, slot, trace } = context;
  const { http } = workflow;
  const transport = createTransport(http, { clock, permit });
  const foreseen: Foreseen = { tls: false, cookies: false, bodies: false, http2: false, pages: false };

  /** Equal settings share their connections. */
  const proxies = new Map<string, ChooseProxy | null>();

  return {
    openSession(vu) {
      const known = vu.resources[slot];
      if (known !== undefined) return known as Session;
      const client = transport.client(vu.signal, vu.id);
      const session = new Session(trace === null ? client : traceClient(client, trace), vu, http);
      vu.resources[slot] = session;
      return session;
    },
    chooseProxy(setting) {
      if (setting === null) return null;
      const known = proxies.get(setting);
      if (known !== undefined) return known;
      const made = compileProxy(setting, context);
      proxies.set(setting, made);
      return made;
    },
    foresee(what) {
      Object.assign(foreseen, what);
    },
    async prepare() {
      if (foreseen.tls) loadTls();
      if (foreseen.http2) loadHttp2();
      if (foreseen.cookies) await loadCookieJar();
      if (foreseen.bodies) await loadDecoder();
      if (foreseen.pages) await loadPageReader();
    },
    close: () => transport.close(),
  };
}

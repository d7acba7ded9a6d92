import { once } from "node:events";
import { createServer } from "node:net";

/** Below those that systems give to whoever asks for any, and above those of services. */
const [lowest, count] = [20_000, 12_000] as const;

/**
 * A port of 127.0.0.1 that is free and stays so until the test takes it, also while its server is down for a while: nobody
 * gets it by chance, neither to listen on nor to dial from.
 */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = lowest + Math.floor(Math.random() * count);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}

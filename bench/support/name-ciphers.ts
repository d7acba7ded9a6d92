import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { get } from "node:https";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { clientCore } from "./clients.ts";
import { measureCommand } from "./measure-command.ts";

/** Which protocol and cipher Node (and so the product) and wrk come to with nginx, by nginx's word; `folder`: for a script. */
export async function nameCiphers(secureUrl: string, folder: string): Promise<string> {
  const url = `${secureUrl}cipher`;
  const [answer] = (await once(get(url, { rejectUnauthorized: false }), "response")) as [IncomingMessage];
  const script = join(folder, "cipher.lua");
  await writeFile(
    script,
    "local told = false\nfunction response(s, h, b) if not told then told = true io.write(b) end end\n",
  );
  const { stdout } = await measureCommand(["wrk", "-t1", "-c1", "-d1s", "-s", script, url], clientCore);
  const ofWrk = /^TLSv\S+ \S+$/m.exec(stdout)?.[0] ?? "unknown";
  return `Node ${(await text(answer)).trim()}, wrk ${ofWrk}`;
}

import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import { type DemoRequest, sendError, sendJson } from "../answer.ts";
import { parseJson, readBody } from "../echo.ts";
import { findProduct, products, searchProducts } from "./catalogue.ts";
import { createCustomers, type Customers, type Session } from "./customers.ts";

/** What orders are signed with: base64 of HMAC-SHA256 over the body, in `x-signature`. */
const signingKey = "demo";

const pageSize = 12;
const mostOfOne = 99;

/**
 * `/shop/…`: a shop. `GET products?category=&page=`, `products/ID` and `search?q=` are for everybody; `POST login` with
 * `{"username", "password"}` gives a session cookie for `GET cart`, `POST cart {"product", "quantity"}` and
 * `POST checkout {"total_cents"}`, which must be signed and name what the cart costs. `stats` tells what was done so far.
 */
export function createShop(): (request: DemoRequest) => Promise<void> | undefined {
  const customers = createCustomers(randomUUID);
  return (request) => {
    const { message, response, rest, query } = request;
    switch (`${message.method} ${rest[0] ?? ""}`) {
      case "GET products":
        sendProducts(request);
        return undefined;
      case "GET search": {
        const text = new URLSearchParams(query).get("q") ?? "";
        if (text === "") sendError(response, 400, "say what to look for: /shop/search?q=lamp");
        else sendJson(response, { query: text, results: searchProducts(text) });
        return undefined;
      }
      case "GET stats":
        sendJson(response, { ...customers.ledger, users: customers.countUsers() });
        return undefined;
      case "POST login":
        return logIn(request, customers);
      case "GET cart":
        showCart(request, customers);
        return undefined;
      case "POST cart":
        return addToCart(request, customers);
      case "POST checkout":
        return checkOut(request, customers);
      default:
        sendError(response, 404, "the shop has GET products search cart stats and POST login cart checkout");
        return undefined;
    }
  };
}

function sendProducts({ response, rest, query }: DemoRequest): void {
  if (rest[1] !== undefined) {
    const product = findProduct(rest[1]);
    if (product === undefined) sendError(response, 404, `there is no product ${rest[1]}`);
    else sendJson(response, product);
    return;
  }
  const asked = new URLSearchParams(query);
  const category = asked.get("category");
  const found = category === null ? products : products.filter((product) => product.category === category);
  const page = Number(asked.get("page") ?? 1);
  if (!Number.isSafeInteger(page) || page < 1) return sendError(response, 400, "pages count from 1");
  sendJson(response, { total: found.length, page, products: found.slice((page - 1) * pageSize, page * pageSize) });
}

async function logIn({ message, response }: DemoRequest, customers: Customers): Promise<void> {
  const { username, password } = await readFields(message);
  if (!isText(username) || !isText(password)) {
    return sendError(response, 401, 'send {"username": "…", "password": "…"}');
  }
  const cookie = `shop_session=${customers.enter(username)}; Path=/shop; HttpOnly`;
  sendJson(response, { user: { name: username } }, 200, { "set-cookie": cookie });
}

function showCart(request: DemoRequest, customers: Customers): void {
  const session = findSession(request, customers);
  if (session !== undefined) sendJson(request.response, describeCart(session));
}

async function addToCart(request: DemoRequest, customers: Customers): Promise<void> {
  const { message, response } = request;
  const fields = await readFields(message);
  const session = findSession(request, customers);
  if (session === undefined) return;
  const product = isText(fields["product"]) ? findProduct(fields["product"]) : undefined;
  if (product === undefined) return sendError(response, 400, "the product is not one of the shop");
  if (!product.in_stock) return sendError(response, 409, `${product.id} is sold out`);
  const quantity = fields["quantity"] ?? 1;
  if (typeof quantity !== "number" || !Number.isInteger(quantity) || quantity < 1 || quantity > mostOfOne) {
    return sendError(response, 400, `a quantity is 1 to ${mostOfOne}`);
  }
  session.cart.set(product.id, Math.min(mostOfOne, (session.cart.get(product.id) ?? 0) + quantity));
  sendJson(response, describeCart(session), 201);
}

async function checkOut(request: DemoRequest, customers: Customers): Promise<void> {
  const { message, response } = request;
  const body = (await readBody(message)) ?? Buffer.alloc(0);
  const session = findSession(request, customers);
  if (session === undefined) return;
  if (!isSigned(body, message.headers["x-signature"])) return sendError(response, 403, "the order is not signed");
  const { total_cents: total } = describeCart(session);
  if (session.cart.size === 0) return sendError(response, 409, "the cart is empty");
  if (toFields(body)["total_cents"] !== total) return sendError(response, 409, `the cart costs ${total} cents`);
  session.cart.clear();
  const { ledger } = customers;
  ledger.orders++;
  ledger.revenue_cents += total;
  sendJson(response, { order: `o${ledger.orders}`, user: session.user, total_cents: total }, 201);
}

function describeCart({ user, cart }: Session) {
  const items = [...cart].map(([id, quantity]) => ({ product: findProduct(id), quantity }));
  const total = items.reduce((sum, { product, quantity }) => sum + (product?.price_cents ?? 0) * quantity, 0);
  return { user, items, total_cents: total };
}

/** Answers 401 where there is none. */
function findSession({ message, response }: DemoRequest, customers: Customers): Session | undefined {
  const id = /(?:^|;\s*)shop_session=([^;]+)/.exec(message.headers.cookie ?? "")?.[1];
  const session = customers.find(id);
  if (session === undefined) sendError(response, 401, "log in first: POST /shop/login");
  return session;
}

function isSigned(body: Buffer, signature: string | readonly string[] | undefined): boolean {
  const expected = createHmac("sha256", signingKey).update(body).digest();
  const given = typeof signature === "string" ? Buffer.from(signature, "base64") : Buffer.alloc(0);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

async function readFields(message: DemoRequest["message"]): Promise<Readonly<Record<string, unknown>>> {
  return toFields((await readBody(message)) ?? Buffer.alloc(0));
}

function toFields(body: Buffer): Readonly<Record<string, unknown>> {
  const value = parseJson(body.toString("utf8"));
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** Something the shop sells. */
export interface Product {
  readonly id: string;
  readonly name: string;
  readonly category: string;
  /** In cents: sums of them are exact. */
  readonly price_cents: number;
  readonly in_stock: boolean;
}

const categories = ["books", "games", "kitchen", "garden"];
const kinds = ["lamp", "kettle", "puzzle", "atlas", "spade", "teapot", "茶壶", "chess set"];
const colours = ["red", "green", "blue", "white", "black", "yellow", "silver", "golden"];

/** All products, always the same. */
export const products: readonly Product[] = Array.from({ length: 64 }, (_, at): Product => {
  const kind = kinds[at % kinds.length] ?? "";
  const colour = colours[Math.floor(at / kinds.length)] ?? "";
  return {
    id: `p${at + 1}`,
    name: `${colour} ${kind}`,
    category: categories[at % categories.length] ?? "",
    price_cents: 499 + at * 150,
    in_stock: at % 10 !== 9,
  };
});

const byId = new Map(products.map((product) => [product.id, product]));

/** undefined: there is no such product. */
export function findProduct(id: string): Product | undefined {
  return byId.get(id);
}

/** Products whose names contain the text, whatever its case. */
export function searchProducts(text: string): readonly Product[] {
  const wanted = text.toLowerCase();
  return products.filter(({ name }) => name.toLowerCase().includes(wanted));
}

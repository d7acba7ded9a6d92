const pattern = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/i;

/** Is it a token of HTTP, such as the name of a header or of a subprotocol? */
export function isHttpToken(text: string): boolean {
  return pattern.test(text);
}

/** The names an expression may use, and where their values are. */
export interface Names<Scope> {
  /**
   * How to get a root name's value. `path` is the constant part of what follows the name (`["items", "0"]` of
   * `user.items[0]`), for deciding and checking only: the expression itself reads it from the value.
   * `required` is false where no value is fine, as before `??`.
   * The result gives undefined while the name has no value. undefined instead of a function: an unknown name, a compile error.
   */
  resolve(name: string, path: readonly string[], required: boolean): ((scope: Scope) => unknown) | undefined;
}

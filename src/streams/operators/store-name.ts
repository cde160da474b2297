declare const rows: unique symbol;

/** A store's name that knows the type of its rows. Plain strings are accepted, for tests. */
export type StoreName<V> = string & {readonly [rows]?: V};

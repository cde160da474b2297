/** What one client may take of the server. */
export interface HttpLimits {
  /** No route takes a body. */
  readonly bodyBytes: number;
  /** Of the request line and the headers together. */
  readonly headBytes: number;
  /** How long the headers may take to arrive. */
  readonly headTimeoutMs: number;
  /** How long the whole request may take to arrive. */
  readonly requestTimeoutMs: number;
  /** How often Node looks for requests that take longer than that. */
  readonly timeoutCheckMs: number;
  /** Open at the same time; more are closed at once. */
  readonly connections: number;
}

export const httpLimits: HttpLimits = {
  bodyBytes: 1024,
  headBytes: 16_384,
  headTimeoutMs: 10_000,
  requestTimeoutMs: 20_000,
  timeoutCheckMs: 5000,
  connections: 1000,
};

/** Letters of a key in a path or a query: as many as the head of a request has room for. */
export const MAX_KEY_LENGTH = 8192;

/** Letters of the name of a topic, a table or a store: Kafka's limit for topics. */
export const MAX_NAME_LENGTH = 249;

/** Who looks on at the same time; each gets every snapshot: enough for all the screens of a team. */
export const MAX_WATCHERS = 100;

/** What a component is doing, for `/readyz` and `/api/status`. */
export type ComponentState = 'starting' | 'running' | 'retrying' | 'stopped' | 'failed';

/**
 * A long-running part of the service.
 *
 * `run` resolves when `signal` aborts and everything is closed, and rejects when the component cannot go on; it
 * retries by itself what is retriable.
 */
export interface Component {
  readonly name: string;
  run(signal: AbortSignal): Promise<void>;
  /** A snapshot that serialises to JSON: `state` and whatever else an operator wants to see. */
  status(): ComponentStatus;
}

export interface ComponentStatus {
  readonly state: ComponentState;
  readonly [detail: string]: unknown;
}

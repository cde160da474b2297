import type {JSX} from 'preact';

interface TokenFormProps {
  /** Whether one was given, which is not the right one. */
  readonly isWrong: boolean;
  readonly onToken: (token: string) => void;
}

/** Asks for the `http.auth.token` of the service. */
export function TokenForm({isWrong, onToken}: TokenFormProps): JSX.Element {
  return (
    <form
      class="panel token"
      onSubmit={(event) => {
        event.preventDefault();
        const token = new FormData(event.currentTarget).get('token');
        if (typeof token === 'string' && token.trim() !== '') onToken(token.trim());
      }}
    >
      <label for="token">Token of the service (http.auth.token)</label>
      <input
        id="token"
        name="token"
        type="password"
        autocomplete="off"
        aria-invalid={isWrong}
        aria-describedby={isWrong ? 'token-wrong' : undefined}
      />
      <button type="submit" class="quiet-button">
        Show the pipeline
      </button>
      {isWrong && (
        <p id="token-wrong" role="alert">
          The service does not take this token.
        </p>
      )}
    </form>
  );
}

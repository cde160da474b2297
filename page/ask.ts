const KEY = 'millrace.token';

/** Asks the service, with the token of this tab where there is one; 401 means that it wants another one. */
export function ask(path: string, signal?: AbortSignal): Promise<Response> {
  const token = sessionStorage.getItem(KEY);
  return fetch(path, {
    headers: token === null ? {} : {authorization: `Bearer ${token}`},
    ...(signal !== undefined && {signal}),
  });
}

/** Keeps the token until the tab is closed. */
export function keepToken(token: string): void {
  sessionStorage.setItem(KEY, token);
}

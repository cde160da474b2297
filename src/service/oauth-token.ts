import {messageOf} from '../common/errors.ts';
import type {SaslConfig} from '../config/kafka-config.ts';

type OauthConfig = Extract<SaslConfig, {mechanism: 'OAUTHBEARER'}>;

/**
 * A token by the client credentials grant (RFC 6749 §4.4); kafkajs asks for one with each connection.
 *
 * @throws Error that names the endpoint and never the secret.
 */
export async function fetchToken({
  tokenEndpoint,
  clientId,
  clientSecret,
  scope,
}: OauthConfig): Promise<{value: string}> {
  const credentials = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`;
  let answer: {access_token?: unknown};
  try {
    const response = await fetch(tokenEndpoint, {
      method: 'POST',
      headers: {authorization: `Basic ${Buffer.from(credentials).toString('base64')}`},
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        ...(scope === undefined ? {} : {scope}),
      }),
    });
    if (!response.ok) throw new Error(`it answers ${response.status}`);
    answer = (await response.json()) as typeof answer;
  } catch (error) {
    throw new Error(`no token from ${tokenEndpoint}: ${messageOf(error)}`, {cause: error});
  }
  if (typeof answer.access_token !== 'string') {
    throw new Error(`no token from ${tokenEndpoint}: its answer has no access_token`);
  }
  return {value: answer.access_token};
}

/** The user of SASL/SCRAM, known to every cluster from its bootstrap checkpoint on. */
export const scramUser = {username: 'millrace', password: 'millrace-secret'} as const;

/** The user of SASL/PLAIN. */
export const plainUser = {username: 'alice', password: 'alice-secret'} as const;

export type SecurityProtocol = 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';

export type SaslMechanism = 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512' | 'OAUTHBEARER';

const packages = 'org.apache.kafka.common.security';

const loginModules: Readonly<Record<SaslMechanism, string>> = {
  PLAIN: `${packages}.plain.PlainLoginModule required user_${plainUser.username}="${plainUser.password}";`,
  'SCRAM-SHA-256': `${packages}.scram.ScramLoginModule required;`,
  'SCRAM-SHA-512': `${packages}.scram.ScramLoginModule required;`,
  OAUTHBEARER: `${packages}.oauthbearer.OAuthBearerLoginModule required;`,
};

/** Properties of a SASL listener that takes the users above, and unsecured JSON Web Tokens ({@link unsecuredToken}). */
export function saslProperties(listener: string): Readonly<Record<string, string>> {
  const prefix = `listener.name.${listener.toLowerCase()}`;
  return {
    [`${prefix}.sasl.enabled.mechanisms`]: Object.keys(loginModules).join(','),
    ...Object.fromEntries(
      Object.entries(loginModules).map(([mechanism, module]) => [
        `${prefix}.${mechanism.toLowerCase()}.sasl.jaas.config`,
        module,
      ]),
    ),
    [`${prefix}.oauthbearer.sasl.server.callback.handler.class`]: `${packages}.oauthbearer.internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler`,
  };
}

/** Properties of a broker that asks for ACLs; whoever comes unnamed, over PLAINTEXT, may do anything and can write them. */
export const authorizerProperties: Readonly<Record<string, string>> = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': 'User:ANONYMOUS',
};

/** A token for OAUTHBEARER that names `subject` and is signed by nobody: RFC 7515, appendix A.5. */
export function unsecuredToken(subject: string, lifetimeSeconds = 3600): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = {sub: subject, iat: now, exp: now + lifetimeSeconds};
  return `${base64url({alg: 'none'})}.${base64url(claims)}.`;
}

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

// oidc-provider on 127.0.0.1: node provider.mjs PORT HUB. Anybody may log in, with any password. Each start has a new key.

import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { Provider } from 'oidc-provider';

const [port, hub] = process.argv.slice(2);
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const key = { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'ES256' };
const provider = new Provider(`http://localhost:${port}`, {
  clients: [{
    client_id: 'ganzhi',
    client_secret: 's3cret/of+tests',
    redirect_uris: [`${hub}/api/v1/oidc/callback`],
    post_logout_redirect_uris: [`${hub}/`],
    id_token_signed_response_alg: 'ES256',
  }],
  jwks: { keys: [key] },
  cookies: { keys: [randomUUID()] },
  conformIdTokenClaims: false,
  claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'groups'] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: `${id} 李`, preferred_username: id, groups: ['county-desk'] }),
  }),
});
provider.listen(Number(port), '127.0.0.1', () => console.log('listening'));

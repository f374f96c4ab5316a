// A whole OpenID provider (oidc-provider, certified) on a free port of 127.0.0.1, for the tests of signing in. Prints its issuer when it is ready.
// POST /control: { node: 'http://…' } knows the node at this address; { rotate: true } signs with new keys from now on; { forge: { … } } changes ID tokens before they are given out: claims by their names, `key: 'other'`
// signs with one that it doesn't publish, `alg: 'none' | 'HS256'` as they say.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const from = createRequire(import.meta.url);
const { Provider } = await import(from.resolve('oidc-provider'));
const jose = await import(from.resolve('jose'));

const secret = 'a secret that only these two know';
let provider;
let keys;
let forge = null;
let node = 'http://127.0.0.1:1';

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

async function forged(token) {
  const { key, alg, ...claims } = forge;
  const payload = { ...jose.decodeJwt(token), ...claims };
  if (alg === 'none') return `${encoded({ alg: 'none' })}.${encoded(payload)}.`;
  if (alg === 'HS256') return new jose.SignJWT(payload).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret));
  const [published] = keys;
  const signing = key === 'other' ? (await newKeys())[0] : published;
  return new jose.SignJWT(payload)
    .setProtectedHeader({ alg: 'RS256', kid: published.kid })
    .sign(await jose.importJWK(signing, 'RS256'));
}

async function newKeys() {
  const { privateKey } = await jose.generateKeyPair('RS256', { extractable: true });
  return [{ ...(await jose.exportJWK(privateKey)), kid: crypto.randomUUID(), use: 'sig', alg: 'RS256' }];
}

async function start(issuer) {
  provider = new Provider(issuer, {
    jwks: { keys },
    clients: ['atalaya', 'other'].map((client_id) => ({
      client_id,
      client_secret: secret,
      redirect_uris: [`${node}/openid`],
      post_logout_redirect_uris: [`${node}/`],
    })),
    // Whoever knows a name is that person: what comes after the password is what is tested. A name's part behind '+' tells their groups.
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({
        sub: `subject of ${id}`,
        preferred_username: id.split('+')[0].split('#')[0],
        name: `${id.split('+')[0]} at the provider`,
        groups: id.split('+').slice(1),
      }),
    }),
    claims: { openid: ['sub'], profile: ['preferred_username', 'name'], groups: ['groups'] },
    scopes: ['openid', 'profile', 'groups'],
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true }, rpInitiatedLogout: { enabled: true } },
    cookies: { keys: ['tests'] },
    async loadExistingGrant(ctx) {
      const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
      grant.addOIDCScope('openid profile groups');
      await grant.save();
      return grant;
    },
  });
  provider.use(async (ctx, next) => {
    await next();
    if (forge !== null && ctx.path === '/token' && ctx.body?.id_token) ctx.body.id_token = await forged(ctx.body.id_token);
  });
}

const server = createServer((request, response) => {
  if (request.url !== '/control') {
    provider.callback()(request, response);
    return;
  }
  let text = '';
  request.on('data', (part) => (text += part));
  request.on('end', async () => {
    const asked = JSON.parse(text);
    if (asked.rotate) keys = await newKeys();
    if (asked.node) ({ node } = asked);
    if (asked.rotate || asked.node) await start(provider.issuer);
    if ('forge' in asked) forge = asked.forge;
    response.end();
  });
});
server.listen(0, '127.0.0.1', async () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  keys = await newKeys();
  await start(issuer);
  console.log(`ready ${issuer}`);
});

// The identity providers of the local stack, one process on loopback: an OpenID provider (npm: oidc-provider) for google, microsoft, apple
// and company, and the user APIs of github and facebook. Arguments: port, the API's address, the file to write the settings to.
//
// Who signs in is told by login_hint: an address, or base64url of JSON {sub, email, email_verified, given_name, family_name, picture, fault}.
// Without it a page asks for an address. `fault` is one of: access_denied, down, wrong_nonce, expired, wrong_key, wrong_audience, alg_none.

import { createHash, generateKeyPairSync, randomBytes, timingSafeEqual } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

const [port, api, settingsFile, packages] = process.argv.slice(2);
const require = createRequire(path.join(packages, 'package.json'));
const load = async (name) => import(pathToFileURL(require.resolve(name)).href);
const { Provider } = await load('oidc-provider');
const { SignJWT, UnsecuredJWT, decodeJwt, exportJWK, generateKeyPair, importSPKI, jwtVerify } = await load('jose');

const issuer = `http://127.0.0.1:${port}`;
const secret = () => randomBytes(24).toString('base64url');
const callback = (name) => `${api}/v1/oauth/${name}/callback`;

const TEAM = 'LOCALTEAM1';
const KEY = 'LOCALKEY01';
const appleKey = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const signing = await generateKeyPair('RS256', { extractable: true });
const stranger = await generateKeyPair('RS256');
const kid = randomBytes(6).toString('hex');

const openid = (name, more) => ({
  client_id: `local-${name}`,
  issuer,
  authorization_endpoint: `${issuer}/auth`,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/jwks`,
  ...more,
});
const userApi = (name, user) => ({
  client_id: `local-${name}`,
  client_secret: secret(),
  authorization_endpoint: `${issuer}/${name}/authorize`,
  token_endpoint: `${issuer}/${name}/access_token`,
  user_endpoint: `${issuer}/${name}/${user}`,
});
const settings = {
  google: openid('google', { client_secret: secret() }),
  microsoft: openid('microsoft', { client_secret: secret() }),
  company: openid('company', { kind: 'oidc', client_secret: secret(), user_endpoint: `${issuer}/me` }),
  apple: openid('apple', { apple: { team_id: TEAM, key_id: KEY, private_key: appleKey.privateKey } }),
  github: userApi('github', 'user'),
  facebook: userApi('facebook', 'me'),
};
const appleSecret = secret();

const person = (hint) => {
  try {
    return JSON.parse(Buffer.from(hint, 'base64url').toString());
  } catch {
    return { sub: hint, email: hint, email_verified: true };
  }
};
// github's ids are numbers. An address that was typed into the page gets one of its digest.
const number = (sub) => (/^\d{1,15}$/.test(sub) ? Number(sub) : Number.parseInt(createHash('sha256').update(sub).digest('hex').slice(0, 12), 16));
// By subject, as they last signed in.
const people = new Map();
const form = (action, fields) =>
  `<!doctype html><title>Local sign-in</title><h1>Local sign-in</h1><form action="${action}">` +
  Object.entries(fields).map(([name, value]) => `<input type="hidden" name="${name}" value="${escape(value)}">`).join('') +
  '<label>Address <input name="login_hint" type="email" required></label> <button>Sign in</button></form>';
const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

const provider = new Provider(issuer, {
  clients: ['google', 'microsoft', 'company', 'apple'].map((name) => ({
    client_id: `local-${name}`,
    client_secret: settings[name].client_secret ?? appleSecret,
    redirect_uris: [callback(name)],
    response_types: ['code'],
    grant_types: ['authorization_code'],
    token_endpoint_auth_method: name === 'company' ? 'client_secret_basic' : 'client_secret_post',
  })),
  jwks: { keys: [{ ...(await exportJWK(signing.privateKey)), kid, alg: 'RS256', use: 'sig' }] },
  cookies: { keys: [secret()] },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['given_name', 'family_name', 'picture', 'locale'], name: [] },
  scopes: ['openid', 'email', 'profile', 'name'],
  conformIdTokenClaims: false,
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  pkce: { required: () => true },
  ttl: { AccessToken: 300, AuthorizationCode: 60, IdToken: 300, Interaction: 600, Session: 600, Grant: 600 },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => {
      const { fault, ...claims } = people.get(id);
      return claims;
    },
  }),
});

const alterations = {
  wrong_nonce: (claims) => ({ ...claims, nonce: 'another' }),
  expired: (claims) => ({ ...claims, iat: claims.iat - 7200, exp: claims.exp - 7200 }),
  wrong_audience: (claims) => ({ ...claims, aud: 'another-client' }),
};

provider.use(async (ctx, next) => {
  const isToken = ctx.path === '/token';
  if (isToken && ctx.method === 'POST') {
    const fields = await tokenRequest(ctx.req);
    ctx.req.body = fields;
    const code = await provider.AuthorizationCode.find(fields.code ?? '');
    if (people.get(code?.accountId)?.fault === 'down') {
      ctx.status = 503;
      ctx.body = { error: 'temporarily_unavailable' };
      return;
    }
  }
  await next();
  if (!isToken || !ctx.body?.id_token) {
    return;
  }
  const { fault } = people.get(ctx.oidc.entities.Account.accountId);
  const claims = decodeJwt(ctx.body.id_token);
  const sign = (changed, key) => new SignJWT(changed).setProtectedHeader({ alg: 'RS256', kid }).sign(key);
  if (fault === 'wrong_key') {
    ctx.body.id_token = await sign(claims, stranger.privateKey);
  } else if (fault === 'alg_none') {
    ctx.body.id_token = new UnsecuredJWT(claims).encode();
  } else if (alterations[fault]) {
    ctx.body.id_token = await sign(alterations[fault](claims), signing.privateKey);
  }
});

// The fields of a token request. Apple's client secret is a token, signed with the key that Apple gave out.
async function tokenRequest(request) {
  const fields = Object.fromEntries(new URLSearchParams(await text(request)));
  if (fields.client_id === 'local-apple') {
    const key = await importSPKI(appleKey.publicKey, 'ES256');
    try {
      await jwtVerify(fields.client_secret, key, {
        algorithms: ['ES256'], issuer: TEAM, subject: 'local-apple', audience: 'https://appleid.apple.com', requiredClaims: ['exp', 'iat'],
      });
      fields.client_secret = appleSecret;
    } catch {
      fields.client_secret = 'refused';
    }
  }
  return fields;
}

async function text(stream) {
  const parts = [];
  for await (const part of stream) {
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

async function interaction(request, response) {
  const details = await provider.interactionDetails(request, response);
  const hint = new URL(request.url, issuer).searchParams.get('login_hint') ?? details.params.login_hint;
  if (!hint) {
    return answer(response, 200, form(`/interaction/${details.uid}`, {}), 'text/html');
  }
  const who = person(hint);
  people.set(who.sub, who);
  if (who.fault === 'access_denied') {
    const result = { error: 'access_denied', error_description: 'The person refused.' };
    return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  }
  const grant = new provider.Grant({ accountId: who.sub, clientId: details.params.client_id });
  grant.addOIDCScope(details.params.scope);
  const result = { login: { accountId: who.sub }, consent: { grantId: await grant.save() } };
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

// Codes and access tokens of github and facebook. A code is used once.
const issued = new Map();
const issue = (value) => {
  const key = secret();
  issued.set(key, value);
  return key;
};
const taken = (key) => {
  const value = issued.get(key);
  issued.delete(key);
  return value;
};
const same = (a, b) => a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

async function userApiCall(request, response, url) {
  const [, name, what, more] = url.pathname.split('/');
  const client = settings[name];
  if (what === 'authorize') {
    const query = Object.fromEntries(url.searchParams);
    if (query.client_id !== client.client_id || query.redirect_uri !== callback(name) || query.code_challenge_method !== 'S256') {
      return answer(response, 400, 'wrong request', 'text/plain');
    }
    if (!query.login_hint) {
      return answer(response, 200, form(url.pathname, query), 'text/html');
    }
    const to = new URL(query.redirect_uri);
    const who = person(query.login_hint);
    if (who.fault === 'access_denied') {
      to.searchParams.set('error', 'access_denied');
    } else {
      to.searchParams.set('code', issue({ who, challenge: query.code_challenge }));
    }
    to.searchParams.set('state', query.state);
    response.writeHead(302, { location: to.href });
    return response.end();
  }
  if (what === 'access_token') {
    const fields = Object.fromEntries(new URLSearchParams(await text(request)));
    if (issued.get(fields.code)?.who.fault === 'down') {
      return answer(response, 503, 'down', 'text/plain');
    }
    const code = taken(fields.code);
    const challenge = createHash('sha256').update(fields.code_verifier ?? '').digest('base64url');
    const known = fields.client_id === client.client_id && same(fields.client_secret ?? '', client.client_secret);
    // github answers 200 to errors too.
    const status = name === 'github' ? 200 : 400;
    if (!known || !code || code.challenge !== challenge) {
      return answer(response, status, { error: known ? 'bad_verification_code' : 'incorrect_client_credentials' });
    }
    return answer(response, 200, { access_token: issue({ who: code.who }), token_type: 'bearer' });
  }
  const { who } = issued.get(request.headers.authorization?.replace('Bearer ', '')) ?? {};
  if (!who) {
    return answer(response, 401, { message: 'Bad credentials' });
  }
  if (more === 'emails') {
    return answer(response, 200, [{ email: who.email, primary: true, verified: who.email_verified === true }]);
  }
  const ids = { github: { id: number(who.sub) }, facebook: { id: who.sub, email: who.email } };
  return answer(response, 200, { ...ids[name], first_name: who.given_name, last_name: who.family_name, avatar_url: who.picture });
}

function answer(response, status, body, type = 'application/json') {
  const content = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' });
  response.end(content);
}

const openidHandler = provider.callback();
const server = createServer(async (request, response) => {
  const url = new URL(request.url, issuer);
  try {
    if (url.pathname.startsWith('/interaction/')) {
      await interaction(request, response);
    } else if (/^\/(github|facebook)\//.test(url.pathname)) {
      await userApiCall(request, response, url);
    } else {
      await openidHandler(request, response);
    }
  } catch (error) {
    console.error(error);
    answer(response, 500, 'error', 'text/plain');
  }
});
server.listen(Number(port), '127.0.0.1', () => {
  writeFileSync(`${settingsFile}.draft`, JSON.stringify(settings), { mode: 0o600 });
  renameSync(`${settingsFile}.draft`, settingsFile);
});
process.on('SIGTERM', () => process.exit(0));

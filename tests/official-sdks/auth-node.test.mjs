// Auth of the JS SDK's build for Node, which sends its JSON as text/plain.

import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { apiKey, code, control, jsApp, ok, requests, reset } from './lib.mjs';

beforeEach(reset);

test('signs up, in and out', async () => {
  const auth = jsApp().auth();
  const signUp = ok(await auth.signUp({ email: 'ann@example.com', password: 'Passw0rd!' }));
  const { user } = ok(await signUp.verifyOtp({ token: await code('ann@example.com') }));
  const signedIn = ok(await auth.signInWithPassword({ email: 'ann@example.com', password: 'Passw0rd!' }));
  assert.equal(signedIn.user.id, user.id);
  const before = ok(await auth.getSession()).session;
  const after = ok(await auth.refreshSession()).session;
  assert.notEqual(after.refresh_token, before.refresh_token);
  ok(await auth.signOut());
  const [sent] = await requests('POST /auth/v1/signup');
  const types = sent.headers.filter(([name]) => name === 'content-type').map(([, value]) => value);
  assert.ok(types.every((type) => !type.startsWith('application/json')), `the SDK changed: ${types}`);
});

test('the access key speaks until somebody signs in', async () => {
  await control('POST', '/users', { username: 'ann', password: 'Passw0rd!' });
  const app = jsApp({ accessKey: apiKey });
  assert.equal(ok(await app.auth().getSession()).session, null);
  await app.callFunction({ name: 'unknown' });
  ok(await app.auth().signInWithPassword({ username: 'ann', password: 'Passw0rd!' }));
  const { session } = ok(await app.auth().getSession());
  await app.callFunction({ name: 'unknown' });
  const sent = await requests('POST /v1/functions/unknown');
  const bearers = sent.map(({ headers }) => Object.fromEntries(headers).authorization);
  assert.deepEqual(bearers, [`Bearer ${apiKey}`, `Bearer ${session.access_token}`]);
});

// What a browser asks before the calls of the JS SDK, and of a page's own headers.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { apiKey, endpoint, jsApp, ok, requests, reset } from './lib.mjs';

const ORIGIN = 'http://localhost:5173';

/** Header names that a browser sends without asking, or by itself. */
const UNASKED = ['accept', 'accept-language', 'connection', 'content-length', 'host', 'user-agent', 'accept-encoding', 'sec-fetch-mode'];

/** Asks as a browser does; fails unless each header of the call is let in. */
async function preflight(method, path, names) {
  const answer = await fetch(`${endpoint}${path}`, {
    method: 'OPTIONS',
    headers: { origin: ORIGIN, 'access-control-request-method': method, 'access-control-request-headers': names.join(',') },
  });
  assert.equal(answer.status, 204, path);
  assert.equal(answer.headers.get('access-control-allow-origin'), ORIGIN, path);
  const allowed = answer.headers.get('access-control-allow-headers').toLowerCase().split(',').map((name) => name.trim());
  for (const name of names) assert.ok(allowed.includes(name), `${method} ${path}: ${name} is not let in, only ${allowed}`);
  const methods = answer.headers.get('access-control-allow-methods').split(',').map((name) => name.trim());
  assert.ok(methods.includes(method), `${method} is not among ${methods}`);
}

before(reset);

test('each header that the SDK sends is let in', async () => {
  const app = jsApp({ build: 'browser', accessKey: apiKey });
  ok(await app.auth().signInAnonymously());
  await app.callFunction({ name: 'hello', data: {} });
  await app.rdb().from('books').select();
  await app.rdb().from('books').update({ done: true }).eq('id', 404);
  await app.models.article.list({});
  await app.storage.from('bucket').list();
  const calls = (await requests('* *')).filter((call) => call.method !== 'OPTIONS');
  assert.ok(calls.length >= 6, `only ${calls.length} calls`);
  for (const call of calls) {
    const names = [...new Set(call.headers.map(([name]) => name))].filter((name) => !UNASKED.includes(name)).sort();
    await preflight(call.method, call.path, names);
  }
});

test('a header of the page’s own is let in', async () => {
  for (const path of ['/v1/functions/echo', '/v1/cloudrun/site/items', '/v1/apis/weather/v1/now']) {
    await preflight('POST', path, ['authorization', 'content-type', 'x-custom', 'x-request-id']);
  }
});

// Hosting and APIs of the server SDK. Its functions and storage travel over the older action protocol, which is not the
// gateway's.

import assert from 'node:assert/strict';
import http from 'node:http';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';

import { apiKey, endpoint, envId, nodeSdk, requests, reset } from './lib.mjs';

const https = createRequire(import.meta.url)('node:https');
const { request } = https;

// The SDK has no setting for the gateway's address, so its connections are led to the emulator below it.
before(async () => {
  https.request = (url, options, callback) => {
    const { host, pathname, search } = new URL(url);
    assert.equal(host, `${envId}.api.tcloudbasegateway.com`);
    return http.request(`${endpoint}${pathname}${search}`, { ...options, agent: undefined }, callback);
  };
  await reset();
});
after(() => {
  https.request = request;
});

const server = () => nodeSdk.init({ env: envId, accessKey: apiKey });

test('calls a container', async () => {
  const answer = await server().callContainer({ name: 'site', path: 'api/items?x=1', data: { a: 1 } });
  assert.equal(answer.statusCode, 200);
  assert.deepEqual(answer.data, { method: 'POST', path: '/api/items', query: [['x', '1']], body: { a: 1 } });
  const [sent] = await requests('POST /v1/cloudrun/site/api/items');
  const headers = Object.fromEntries(sent.headers);
  assert.equal(headers.authorization, `Bearer ${apiKey}`);
  assert.equal(answer.requestId, sent.request_id);
});

test('calls a function-type service', async () => {
  const { result, requestId } = await server().callFunction({ type: 'cloudrun', name: 'site', path: '/f', data: { a: 1 } });
  assert.deepEqual(result.body, { a: 1 });
  assert.ok(requestId);
});

test('sees the status and the code of a failure', async () => {
  const teapot = await server().callContainer({ name: 'site', path: '/teapot', data: {} });
  assert.equal(teapot.statusCode, 418);
  const missing = await server().callContainer({ name: 'missing', data: {} });
  assert.deepEqual([missing.statusCode, missing.data.code], [404, 'SERVICE_NOT_FOUND']);
});

test('a secret pair signs calls of containers and APIs', async () => {
  const signing = nodeSdk.init({ env: envId, secretId: 'AKIDemulator', secretKey: 'secret' });
  const answer = await signing.callContainer({ name: 'site', path: 'api/items', data: { a: 1 } });
  assert.deepEqual([answer.statusCode, answer.data.path], [200, '/api/items']);
  const api = await signing.callApis({ name: 'weather', path: 'v1/now', method: 'POST', body: '{"a":1}' });
  assert.equal((api.body ?? api.data ?? api).path, '/v1/now');
  for (const path of ['POST /v1/cloudrun/site/api/items', 'POST /v1/apis/weather/v1/now']) {
    const sent = await requests(path);
    const headers = Object.fromEntries(sent.at(-1).headers);
    assert.match(headers.authorization, /^TC3-HMAC-SHA256 Credential=AKIDemulator\//);
  }
});

test('calls an API', async () => {
  const answer = await server().callApis({ name: 'weather', path: 'v1/now', method: 'POST', body: '{"a":1}' });
  const data = answer.body ?? answer.data ?? answer;
  assert.deepEqual([data.method, data.path, data.body], ['POST', '/v1/now', { a: 1 }]);
});

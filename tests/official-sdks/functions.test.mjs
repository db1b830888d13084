// Functions, cloud hosting and APIs: the official SDKs call a function under the official framework.

import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';

import { apiKey, control, endpoint, ok, requests, reset, startedApp } from './lib.mjs';

beforeEach(reset);

for (const build of ['node', 'browser']) {
  describe(`functions, build for ${build}`, () => {
    const call = async (options, app) => (app ?? (await startedApp({ build }))).callFunction(options);

    test('the answer is the value that the function returned', async () => {
      const { result, requestId } = await call({ name: 'hello', data: { a: [1, null], text: '你好' } });
      assert.deepEqual(result.echo, { a: [1, null], text: '你好' });
      assert.equal(result.requestId, requestId, 'one id from end to end');
      const [sent] = await requests('POST /v1/functions/hello');
      assert.equal(Object.fromEntries(sent.headers)['x-request-id'], requestId);
    });

    test('without data the event is empty', async () => {
      assert.deepEqual((await call({ name: 'hello' })).result.echo, {});
    });

    test('texts and nothing', async () => {
      assert.equal((await call({ name: 'hello', data: { do: 'text' } })).result, 'plain');
      const nothing = await call({ name: 'hello', data: { do: 'nothing' } });
      assert.ok(!nothing.result, JSON.stringify(nothing));
    });

    test('the function learns who calls', async () => {
      const app = await startedApp({ build });
      const { user } = ok(await app.auth().signInAnonymously());
      const { result } = await call({ name: 'hello', data: { do: 'who' } }, app);
      assert.equal(result.userId, user.id);
    });

    test('failures carry the code of the platform', async () => {
      const failure = async (options) => {
        try {
          return await call(options);
        } catch (error) {
          return error;
        }
      };
      const thrown = await failure({ name: 'hello', data: { do: 'throw' } });
      assert.equal(thrown.code, 'FUNCTION_INVOCATION_FAILED');
      assert.ok(thrown.requestId);
      assert.equal((await failure({ name: 'missing' })).code, 'FUNCTION_NOT_FOUND');
    });

    test('hosting through callFunction and callContainer', async () => {
      const app = await startedApp({ build });
      const get = { name: 'site', type: 'cloudrun', path: '/api/x', method: 'GET', data: { a: 1, b: 'x y' } };
      const { result } = await app.callFunction(get);
      assert.equal(result.method, 'GET');
      assert.deepEqual(result.query, [['a', '1'], ['b', 'x y']]);
      const post = { name: 'site', path: 'api/items', data: { a: 1 }, header: { 'X-Custom': 'yes' } };
      const answer = await app.callContainer(post);
      assert.deepEqual(answer, { method: 'POST', path: '/api/items', query: [], custom: 'yes', body: { a: 1 } });
    });

    test('APIs take every verb', async () => {
      const { weather } = (await startedApp({ build })).apis;
      for (const verb of ['post', 'put', 'patch', 'delete']) {
        const answer = await weather[verb]({ path: '/v1/items', body: { a: 1 }, headers: { 'X-Custom': 'yes' } });
        assert.equal(answer.method, verb.toUpperCase());
        assert.deepEqual(answer.body, { a: 1 });
        assert.equal(answer.custom, 'yes');
      }
      const got = await weather.get({ path: 'v1/now', body: { city: 'Shen zhen' } });
      assert.deepEqual([got.method, got.path, got.query], ['GET', '/v1/now', [['city', 'Shen zhen']]]);
    });
  });
}

test('events arrive one by one', async () => {
  const headers = { authorization: `Bearer ${apiKey}` };
  const response = await fetch(`${endpoint}/v1/cloudrun/site/events`, { headers });
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  assert.equal(response.headers.get('content-disposition'), null);
  assert.equal(await response.text(), 'data: 1\n\ndata: 2\n\ndata: 3\n\n');
});

test('a fault that was asked for reaches the SDK', async () => {
  await control('POST', '/faults', { match: 'POST /v1/functions/hello', times: 1, status: 429, code: 'EXCEED_RATELIMIT' });
  const app = await startedApp();
  assert.equal((await app.callFunction({ name: 'hello' })).code, 'EXCEED_RATELIMIT');
  assert.deepEqual((await app.callFunction({ name: 'hello' })).result.echo, {});
});

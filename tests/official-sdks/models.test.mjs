// Data models through the JS SDK.

import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';

import { apiKey, control, jsApp, ok, reset } from './lib.mjs';

// Before its first own call, the SDK's build for Node asks for a token without an access key, and sends what it gets.
before(() => jsApp({ accessKey: apiKey }).rdb().from('authors').select());
beforeEach(reset);

const models = () => jsApp({ accessKey: apiKey }).models;

test('a record from creation to deletion', async () => {
  const { article } = models();
  const created = await article.create({ data: { title: '你好', views: 0, draft: true, tags: ['a'] } });
  const byId = { where: { _id: { $eq: created.data.id } } };
  const got = await article.get({ filter: byId });
  assert.deepEqual(
    [got.data.title, got.data.views, got.data.draft, got.data.tags, typeof got.data.createdAt],
    ['你好', 0, true, ['a'], 'number'],
  );
  assert.equal((await article.update({ filter: byId, data: { draft: false } })).data.count, 1);
  assert.equal((await article.get({ filter: byId, select: { draft: true } })).data.draft, false);
  assert.equal((await article.delete({ filter: byId })).data.count, 1);
  assert.equal((await article.delete({ filter: byId })).data.count, 0);
});

test('lists, counts and pages', async () => {
  const { article } = models();
  const made = await article.createMany({ data: [1, 2, 3].map((views) => ({ title: `t${views}`, views })) });
  assert.equal(made.data.idList.length, 3);
  const page = await article.list({
    filter: { where: { $or: [{ views: { $gte: 2 } }, { title: { $search: '1' } }] } },
    select: { title: true },
    orderBy: [{ views: 'desc' }],
    pageSize: 2,
    pageNumber: 1,
    getCount: true,
  });
  assert.deepEqual(page.data, { records: [{ title: 't3' }, { title: 't2' }], total: 3 });
  const changed = await article.updateMany({ filter: { where: { views: { $lt: 3 } } }, data: { draft: true } });
  assert.equal(changed.data.count, 2);
  const gone = await article.deleteMany({ filter: { where: { draft: { $eq: true } } } });
  assert.deepEqual([gone.data.count, gone.data.legalIdList.length], [2, 2]);
  assert.equal((await article.list({ envType: 'pre' })).data.records.length, 0);
});

test('relations, upserts and templates', async () => {
  const { article, remark } = models();
  const upsert = { filter: { where: { _id: { $eq: 'k1' } } }, create: { _id: 'k1', title: 'x', views: 5 }, update: { views: 6 } };
  assert.deepEqual((await article.upsert(upsert)).data, { count: 0, id: 'k1' });
  assert.equal((await article.upsert(upsert)).data.count, 1);
  await remark.create({ data: { text: 'nice', article: { _id: 'k1' } } });
  const related = await article.list({
    filter: { relateWhere: { remarks: { where: { text: { $nempty: true } } } }, where: {} },
    select: { title: true, remarks: { text: true } },
  });
  assert.deepEqual(related.data.records, [{ title: 'x', remarks: [{ text: 'nice' }] }]);
  const ran = await article.runSQLTemplate({ templateName: 'popular', params: { n: 3, titles: ['x', 'y'] } });
  assert.deepEqual(ran.data.executeResultList, [{ title: 'x', views: 6 }]);
});

test('empty fields are found by true and by 1', async () => {
  const { article } = models();
  await article.create({ data: { title: 'plain' } });
  await article.create({ data: { title: 'viewed', views: 6 } });
  for (const [operator, value, title] of [['$empty', true, 'plain'], ['$empty', 1, 'plain'], ['$nempty', 1, 'viewed'], ['$nempty', 0, 'plain']]) {
    const { data } = await article.list({ filter: { where: { $and: [{ views: { [operator]: value } }] } }, select: { title: true } });
    assert.deepEqual(data.records.map((record) => record.title), [title], `${operator} ${value}`);
  }
});

test('errors carry their code', async () => {
  const { article, unknown } = models();
  await assert.rejects(unknown.list({}), /DATASOURCE_NOT_EXIST/);
  await assert.rejects(article.create({ data: { views: 1 } }), /MISSING_PARAMETER/);
  await assert.rejects(article.list({ pageSize: 500, pageNumber: 1 }), /INVALID_PARAMETER_VALUE/);
  // A visitor may read but not write.
  const visitor = jsApp().models.article;
  assert.deepEqual((await visitor.list({})).data.records, []);
  await assert.rejects(visitor.create({ data: { title: 'x' } }), /DATA_SOURCE_OP_AUTH_FAILURE/);
});

test('users own what they make', async () => {
  await control('POST', '/users', { username: 'ann', password: 'Passw0rd!' });
  const app = jsApp();
  const { user } = ok(await app.auth().signInWithPassword({ username: 'ann', password: 'Passw0rd!' }));
  const { data } = await app.models.article.create({ data: { title: 'mine' } });
  const got = await app.models.article.get({ filter: { where: { _id: { $eq: data.id } } } });
  assert.deepEqual([got.data.owner, got.data._openid], [user.id, user.id]);
});

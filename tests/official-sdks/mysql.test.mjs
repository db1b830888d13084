// MySQL tables through the JS SDK's fluent builders.

import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';

import { apiKey, control, envId, jsApp, ok, reset } from './lib.mjs';

// Before its first own call, the SDK's build for Node asks for a token without an access key, and sends what it gets.
before(() => jsApp({ accessKey: apiKey }).rdb().from('authors').select());
beforeEach(reset);

const admin = () => jsApp({ accessKey: apiKey }).rdb();

/** Ids of the books that a filter finds. */
async function ids(filter) {
  const rows = ok(await filter(admin().from('books').select('id')).order('id'));
  return rows.map((row) => row.id);
}

test('selects columns, relations and pages', async () => {
  const db = admin();
  const books = await db
    .from('books')
    .select('id, title, author_id(id, name)', { count: 'exact' })
    .order('id', { ascending: true })
    .range(0, 1);
  assert.deepEqual(ok(books), [
    { id: 1, title: 'Night Train', author_id: { id: 1, name: 'A. Lin' } },
    { id: 2, title: 'Harbour', author_id: { id: 1, name: 'A. Lin' } },
  ]);
  assert.equal(books.count, 4);
  const authors = await db.from('authors').select('name, books(title)').order('id').limit(1);
  assert.deepEqual(ok(authors), [{ name: 'A. Lin', books: [{ title: 'Night Train' }, { title: 'Harbour' }] }]);
  const inner = await db.from('books').select('id, d:author_id!inner(name)').eq('d.name', 'B. Ode');
  assert.deepEqual(ok(inner), [{ id: 3, d: { name: 'B. Ode' } }]);
  const counted = await db.from('books').select('*', { count: 'exact', head: true }).gt('duration', 100);
  assert.deepEqual([counted.count, counted.data, counted.status], [2, null, 200]);
});

test('filters as the builder writes them', async () => {
  assert.deepEqual(await ids((q) => q.eq('title', '腾讯 云&x=1')), [3]);
  assert.deepEqual(await ids((q) => q.eq('title', 'a,b (c)')), [4]);
  assert.deepEqual(await ids((q) => q.like('title', '%r%')), [1, 2]);
  assert.deepEqual(await ids((q) => q.ilike('title', 'NIGHT%')), [1]);
  assert.deepEqual(await ids((q) => q.in('title', ['a,b (c)', 'Harbour', 'Harbour'])), [2, 4]);
  assert.deepEqual(await ids((q) => q.in('id', [])), []);
  assert.deepEqual(await ids((q) => q.is('duration', null)), [4]);
  assert.deepEqual(await ids((q) => q.not('duration', 'gt', 100)), [2]);
  assert.deepEqual(await ids((q) => q.or('id.eq.1,and(duration.gte.200,title.like.%云%)')), [1, 3]);
  assert.deepEqual(await ids((q) => q.match({ id: 1, title: 'Night Train' })), [1]);
  assert.deepEqual(await ids((q) => q.filter('id', 'in', '(2,3)').neq('id', 3)), [2]);
  assert.deepEqual(await ids((q) => q.gte('price', 0.1).lt('price', '9.90')), [3]);
});

test('inserts, upserts, updates and deletes', async () => {
  const db = admin();
  const silent = await db.from('books').insert({ title: 'Plain' });
  assert.deepEqual([silent.status, silent.error], [201, null]);
  const made = await db.from('books').insert([{ title: 'One', meta: { a: [1] } }, { title: 'Two', done: true }], { defaultToNull: false }).select('id, title, done, meta');
  assert.deepEqual(ok(made), [
    { id: 6, title: 'One', done: 0, meta: { a: [1] } },
    { id: 7, title: 'Two', done: 1, meta: null },
  ]);
  const merged = await db.from('books').upsert({ id: 6, title: 'One again' }, { onConflict: 'id' }).select('id, title').single();
  assert.deepEqual(ok(merged), { id: 6, title: 'One again' });
  const changed = await db.from('books').update({ price: 12.5 }, { count: 'exact' }).in('id', [6, 7]).select('id, price');
  assert.deepEqual(ok(changed), [{ id: 6, price: '12.50' }, { id: 7, price: '12.50' }]);
  assert.equal(changed.count, 2);
  const gone = await db.from('books').delete({ count: 'exact' }).eq('id', 7);
  assert.deepEqual([gone.status, gone.count], [204, 1]);
});

test('single rows and errors', async () => {
  const db = admin();
  assert.equal(ok(await db.from('books').select().eq('id', 1).single()).title, 'Night Train');
  const none = await db.from('books').select().eq('id', 404).single();
  assert.deepEqual([none.status, none.error.code], [406, 'INVALID_REQUEST']);
  assert.equal(ok(await db.from('books').select().eq('id', 404).maybeSingle()), null);
  assert.equal((await db.from('books').select().maybeSingle()).error.code, 'PGRST116');
  const unfiltered = await db.from('books').update({ done: true });
  assert.deepEqual([unfiltered.status, unfiltered.error.code], [400, 'INVALID_REQUEST']);
  const missing = await db.from('nowhere').select();
  assert.deepEqual([missing.status, missing.error.code], [404, 'RESOURCE_NOT_FOUND']);
  const postgres = await db.from('books').select().contains('title', ['a']);
  assert.equal(postgres.status, 400);
});

test('plans and formats of PostgreSQL are not acceptable', async () => {
  const books = () => admin().from('books').select('id');
  for (const answer of [await books().explain(), await books().explain({ analyze: true, format: 'json' }), await books().csv()]) {
    assert.deepEqual([answer.status, answer.error.code], [406, 'INVALID_REQUEST']);
  }
});

test('the builder for MySQL names its instance and database', async () => {
  const app = jsApp({ accessKey: apiKey });
  const rows = ok(await app.mysql({ instance: 'default', database: envId }).from('authors').select('name').order('id'));
  assert.deepEqual(rows, [{ name: 'A. Lin' }, { name: 'B. Ode' }]);
  const other = await app.mysql({ database: 'elsewhere' }).from('authors').select();
  assert.equal(other.status, 404);
});

test('users see their own rows', async () => {
  for (const username of ['ann', 'bob']) {
    await control('POST', '/users', { username, password: 'Passw0rd!' });
    const app = jsApp();
    const { user } = ok(await app.auth().signInWithPassword({ username, password: 'Passw0rd!' }));
    const [note] = ok(await app.rdb().from('notes').insert({ text: username }).select());
    assert.equal(note._openid, user.id);
    assert.deepEqual(ok(await app.rdb().from('notes').select('text')), [{ text: username }]);
  }
  const visitor = await jsApp().rdb().from('notes').select();
  assert.deepEqual([visitor.status, visitor.error.code], [401, 'PERMISSION_DENIED']);
});

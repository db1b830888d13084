// The document database through `app.database()`, of two versions of the JS SDK.

import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';

import { apiKey, control, jsApp, ok, reset } from './lib.mjs';

for (const build of ['node', '3.5.4']) {
  const admin = () => jsApp({ build, accessKey: apiKey }).database();
  // Before its first own call, the SDK's build for Node asks for a token without an access key, and sends what it gets.
  before(() => admin().collection('books').get().catch(() => {}));
  beforeEach(reset);

  const named = (name, run) => test(`${build}: ${name}`, run);

  /** Ids of the books that a filter finds. */
  const ids = async (filter) => {
    const db = admin();
    const found = await db.collection('books').where(filter(db.command)).orderBy('year', 'asc').get();
    return found.data.map((book) => book._id);
  };

  named('adds, reads, changes and removes', async () => {
    const db = admin();
    const at = new Date('2024-01-02T03:04:05.678Z');
    const { id } = await db.collection('notes').add({ text: 'milk', n: 1, big: 3000000000, f: 1.5, at, sub: { k: '你好' }, none: null });
    const [note] = (await db.collection('notes').doc(id).get()).data;
    assert.deepEqual([note._id, note.text, note.n, note.big, note.f, note.sub, note.none], [id, 'milk', 1, 3000000000, 1.5, { k: '你好' }, null]);
    assert.equal(note.at.getTime(), at.getTime());
    const { ids } = await db.collection('notes').add([{ _id: 'x', text: 'a' }, { text: 'b' }]);
    assert.deepEqual([ids[0], ids.length], ['x', 2]);
    assert.equal((await db.collection('notes').count()).total, 3);
    assert.equal((await db.collection('notes').doc(id).update({ n: 2, sub: { z: 1 } })).updated, 1);
    const [changed] = (await db.collection('notes').doc(id).get()).data;
    assert.deepEqual([changed.n, changed.sub], [2, { k: '你好', z: 1 }]);
    await db.collection('notes').doc('new').set({ text: 'c' });
    assert.deepEqual((await db.collection('notes').doc('new').get()).data, [{ _id: 'new', text: 'c' }]);
    assert.equal((await db.collection('notes').doc(id).remove()).deleted, 1);
    assert.equal((await db.collection('notes').where({ text: db.command.in(['a', 'b']) }).remove()).deleted, 2);
    assert.deepEqual((await db.collection('notes').doc(id).get()).data, []);
  });

  named('orders, pages and shows fields', async () => {
    const books = admin().collection('books');
    const page = await books.orderBy('year', 'desc').skip(1).limit(1).field({ title: true, _id: false }).get();
    assert.deepEqual(page.data, [{ title: 'Harbour' }]);
  });

  named('filters with every query command', async () => {
    assert.deepEqual(await ids((_) => ({ year: _.eq(1999) })), ['night']);
    assert.deepEqual(await ids((_) => ({ year: _.neq(1999) })), ['harbour', 'cloud']);
    assert.deepEqual(await ids((_) => ({ year: _.gt(1999).and(_.lte(2010)) })), ['harbour']);
    assert.deepEqual(await ids((_) => ({ year: _.lt(2000).or(_.gte(2020)) })), ['night', 'cloud']);
    assert.deepEqual(await ids((_) => ({ year: _.in([1999, 2020]) })), ['night', 'cloud']);
    assert.deepEqual(await ids((_) => ({ year: _.nin([1999]) })), ['harbour', 'cloud']);
    assert.deepEqual(await ids((_) => ({ year: _.not(_.gt(2000)) })), ['night']);
    assert.deepEqual(await ids((_) => _.or([{ title: 'Harbour' }, { year: _.gt(2010) }])), ['harbour', 'cloud']);
    assert.deepEqual(await ids((_) => _.nor([{ title: 'Harbour' }, { year: _.gt(2010) }])), ['night']);
    assert.deepEqual(await ids((_) => ({ author: { age: _.exists(true) } })), ['night', 'harbour']);
    assert.deepEqual(await ids((_) => ({ tags: _.all(['a', 'b']) })), ['night']);
    assert.deepEqual(await ids((_) => ({ tags: _.size(0) })), ['cloud']);
    assert.deepEqual(await ids((_) => ({ tags: _.elemMatch(_.eq('a')) })), ['night']);
    assert.deepEqual(await ids((_) => ({ year: _.mod([5, 4]) })), ['night', 'harbour']);
    assert.deepEqual(await ids(() => ({ title: '腾讯 云&x=1' })), ['cloud']);
    assert.deepEqual(await ids(() => ({ title: admin().RegExp({ regexp: '^night', options: 'i' }) })), ['night']);
    assert.deepEqual(await ids((_) => ({ 'author.name': 'A. Lin', year: _.gt(2000) })), ['harbour']);
  });

  named('finds places', async () => {
    const db = admin();
    const point = new db.Geo.Point(116.41, 39.91);
    const near = await db.collection('places').where({ at: db.command.geoNear({ geometry: point, maxDistance: 5000 }) }).get();
    assert.deepEqual(near.data.map((place) => place._id), ['near']);
    const ring = [[121, 31], [122, 31], [122, 32], [121, 32], [121, 31]].map(([x, y]) => new db.Geo.Point(x, y));
    const area = new db.Geo.Polygon([new db.Geo.LineString(ring)]);
    for (const command of ['geoWithin', 'geoIntersects']) {
      const inside = await db.collection('places').where({ at: db.command[command]({ geometry: area }) }).get();
      assert.deepEqual(inside.data.map((place) => place._id), ['far'], command);
    }
  });

  named('changes with every update command', async () => {
    const db = admin();
    const _ = db.command;
    const book = db.collection('books').doc('night');
    await book.update({
      year: _.inc(1), title: _.set('Day'), isbn: _.remove(), tags: _.push(['c', 'd']), low: _.min(1), high: _.max(9), twice: _.mul(2), author: { age: _.inc(2) },
    });
    const read = async () => (await book.get()).data[0];
    assert.deepEqual(await read(), {
      _id: 'night', year: 2000, title: 'Day', tags: ['a', 'b', 'c', 'd'], low: 1, high: 9, twice: 0, author: { name: 'A. Lin', age: 42 },
    });
    for (const [command, tags] of [
      [_.pop(), ['a', 'b', 'c']],
      [_.shift(), ['b', 'c']],
      [_.unshift(['z']), ['z', 'b', 'c']],
      [_.addToSet('z'), ['z', 'b', 'c']],
      [_.pull('z'), ['b', 'c']],
      [_.pull(_.in(['b'])), ['c']],
      [_.push({ each: ['a', 'b'], position: 0, sort: -1, slice: 2 }), ['c', 'b']],
      [_.pullAll(['b']), ['c']],
    ]) {
      await book.update({ tags: command });
      assert.deepEqual((await read()).tags, tags);
    }
    await book.update({ low: _.rename('lowest'), at: db.serverDate() });
    const { lowest, at } = await read();
    assert.equal(lowest, 1);
    assert.ok(Math.abs(at.getTime() - Date.now()) < 60_000);
  });

  named('aggregates', async () => {
    const db = admin();
    const $ = db.command.aggregate;
    const groups = await db.collection('books').aggregate().match({ year: db.command.lt(2010) }).group({ _id: '$author.name', n: $.sum(1), last: $.max('$year') }).end();
    assert.deepEqual(groups.data, [{ _id: 'A. Lin', n: 2, last: 2004 }]);
    const tags = await db.collection('books').aggregate().unwind('$tags').sortByCount('$tags').end();
    assert.deepEqual(tags.data, [{ _id: 'b', count: 2 }, { _id: 'a', count: 1 }]);
    const shown = await db.collection('books').aggregate().sort({ year: 1 }).skip(1).limit(1).project({ _id: 0, name: $.concat(['$title', '!']) }).end();
    assert.deepEqual(shown.data, [{ name: 'Harbour!' }]);
  });

  named('keeps a transaction, or rolls it back', async () => {
    const db = admin();
    const result = await db.runTransaction(async (transaction) => {
      await transaction.collection('notes').add({ _id: 'made', n: 1 });
      await transaction.collection('notes').doc('made').update({ n: db.command.inc(1) });
      return 'done';
    });
    assert.equal(result, 'done');
    assert.deepEqual((await db.collection('notes').doc('made').get()).data, [{ _id: 'made', n: 2 }]);
    const transaction = await db.startTransaction();
    await transaction.collection('notes').doc('made').delete();
    await transaction.rollback();
    assert.equal((await db.collection('notes').count()).total, 1);
  });

  named('runs a transaction again that conflicts', async () => {
    const db = admin();
    await db.collection('notes').add({ _id: 'n', n: 0 });
    let runs = 0;
    await db.runTransaction(async (transaction) => {
      runs += 1;
      await transaction.collection('notes').doc('n').get();
      if (runs === 1) await db.collection('notes').doc('n').update({ n: 10 });
      await transaction.collection('notes').doc('n').update({ n: db.command.inc(1) });
    });
    assert.equal(runs, 2);
    assert.equal((await db.collection('notes').doc('n').get()).data[0].n, 11);
  });

  named('runs commands', async () => {
    const db = admin();
    const { list } = await db.runCommands({ commands: [{ find: 'books', filter: { year: { $gt: 2000 } }, sort: { year: 1 }, projection: { title: 1 } }, { count: 'books' }] });
    assert.deepEqual(list, [[{ _id: 'harbour', title: 'Harbour' }, { _id: 'cloud', title: '腾讯 云&x=1' }], [{ n: 3 }]]);
  });

  named('reports errors, and users see what they may', async () => {
    const db = admin();
    const code = async (call) => {
      try {
        const answer = await call;
        return answer.code ?? answer.data?.code;
      } catch (error) {
        return error.code;
      }
    };
    assert.equal(await code(db.collection('nowhere').get()), 'DATABASE_COLLECTION_NOT_EXIST');
    // `add` keeps the rejection to itself outside transactions.
    assert.equal((await db.collection('books').add({ isbn: '1' })).id, undefined);
    const transaction = await db.startTransaction();
    assert.equal(await code(transaction.collection('books').add({ isbn: '1' })), 'DATABASE_DUPLICATE_WRITE');
    assert.equal(await code(db.createCollection('books')), 'DATABASE_COLLECTION_ALREADY_EXIST');
    await control('POST', '/users', { username: 'ann', password: 'Passw0rd!' });
    const app = jsApp({ build });
    const { user } = ok(await app.auth().signInWithPassword({ username: 'ann', password: 'Passw0rd!' }));
    await app.database().collection('notes').add({ _id: 'mine' });
    assert.deepEqual((await app.database().collection('notes').get()).data, [{ _id: 'mine', _openid: user.id }]);
    assert.equal((await app.database().collection('books').count()).total, 3);
    assert.equal((await app.database().collection('books').where({ year: 1999 }).update({ year: 1 })).updated, 0);
    assert.equal(await code(app.database().createCollection('more')), 'DATABASE_PERMISSION_DENIED');
  });
}

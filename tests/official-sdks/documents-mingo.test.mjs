// Random filters and pipelines, evaluated by the emulator and by mingo, another implementation of the same language.
//
// Only the part of the language in which mingo is right: it takes a missing field for null in expressions, knows no types of
// numbers, compares no arrays and no objects as the database does, and enters arrays inside arrays.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { before, test } from 'node:test';

import { apiKey, endpoint, reset } from './lib.mjs';

const { Query, aggregate } = createRequire(import.meta.url)('mingo');

const CASES = Number(process.env.CLOUDBASE_TEST_MINGO_CASES ?? 20_000);
const SEED = Number(process.env.CLOUDBASE_TEST_MINGO_SEED ?? 1);
/** Commands of one request. */
const BATCH = 200;

const base = `${endpoint}/v1/database/instances/(default)/databases/(default)`;

async function post(path, body) {
  const response = await fetch(base + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${apiKey}` },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  assert.ok(response.ok, `${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

/** A small generator, so that a case can be repeated by its seed. */
function generator(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (n) => Math.floor(next() * n);
  const pick = (list) => list[below(list.length)];
  const some = (most, make) => Array.from({ length: 1 + below(most) }, make);
  return { below, pick, some, chance: (p) => next() < p };
}

const STRINGS = ['a', 'ab', 'abc', 'b', 'ba', 'c'];

/** `m`, `c` and `l` are always there, `n`, `s`, `o`, `t` and `q` sometimes. */
function makeDocument(random, id) {
  const { below, pick, chance } = random;
  const number = () => below(9) - 3;
  const document = { _id: id, m: number(), c: pick(STRINGS), l: Array.from({ length: below(4) }, number) };
  if (chance(0.7)) document.n = number();
  if (chance(0.7)) document.s = pick(STRINGS);
  if (chance(0.6)) document.z = chance(0.4) ? null : number();
  if (chance(0.6)) document.o = { x: number(), y: pick(STRINGS) };
  if (chance(0.7)) document.t = Array.from({ length: below(4) }, number);
  if (chance(0.7)) {
    document.q = Array.from({ length: below(4) }, () => ({ k: pick(STRINGS), v: number() }));
  }
  return document;
}

function makeCondition(random) {
  const { below, pick, some } = random;
  const number = () => below(9) - 3;
  const comparison = () => pick(['$eq', '$ne', '$gt', '$gte', '$lt', '$lte']);
  const list = () => pick(['$in', '$nin']);
  const numbers = () =>
    pick([
      () => number(),
      () => ({ [comparison()]: number() }),
      () => ({ $gte: number(), $lt: number() }),
      () => ({ [list()]: some(3, number) }),
      () => ({ $not: { [comparison()]: number() } }),
      () => ({ $exists: below(2) === 1 }),
    ])();
  const texts = () =>
    pick([
      () => pick(STRINGS),
      () => ({ [comparison()]: pick(STRINGS) }),
      () => ({ [list()]: some(3, () => pick(STRINGS)) }),
      () => ({ $regex: pick(['^a', 'b$', 'b', '^.$', 'A']), $options: pick(['', 'i']) }),
      () => ({ $not: { $regex: '^a' } }),
    ])();
  return pick([
    () => ({ m: numbers() }),
    () => ({ n: numbers() }),
    () => ({ n: { $mod: [pick([2, 3, -2]), below(3)] } }),
    () => ({ c: texts() }),
    () => ({ s: texts() }),
    () => ({ 'o.x': numbers() }),
    () => ({ 'o.y': texts() }),
    () => ({ z: pick([null, { $ne: null }, { $in: [null, number()] }, { $exists: true }, number()]) }),
    () => ({ t: numbers() }),
    () => ({ l: { $size: below(4) } }),
    () => ({ l: { $elemMatch: { $gt: number(), $lt: number() } } }),
    () => ({ 'l.0': number() }),
    () => ({ 'q.v': numbers() }),
    () => ({ 'q.k': texts() }),
    () => ({ q: { $elemMatch: { k: pick(STRINGS), v: { [comparison()]: number() } } } }),
    () => ({ $expr: { [comparison()]: ['$m', number()] } }),
  ])();
}

function makeFilter(random, depth = 2) {
  const { pick, some, chance } = random;
  if (depth === 0 || chance(0.6)) return makeCondition(random);
  return { [pick(['$and', '$or', '$nor'])]: some(3, () => makeFilter(random, depth - 1)) };
}

/** An expression that gives a number. */
function makeNumber(random, depth = 2) {
  const { below, pick } = random;
  if (depth === 0) return pick(['$m', below(9) - 3]);
  const number = () => makeNumber(random, depth - 1);
  return pick([
    () => ({ $add: [number(), number()] }),
    () => ({ $subtract: [number(), number()] }),
    () => ({ $multiply: [number(), number()] }),
    () => ({ $abs: number() }),
    () => ({ $mod: [number(), pick([2, 3, 5])] }),
    () => ({ $cond: [{ $gt: [number(), number()] }, number(), number()] }),
    () => ({ $ifNull: ['$n', number()] }),
    () => ({ $size: '$l' }),
    () => ({ $sum: '$l' }),
    () => ({ $strLenCP: '$c' }),
    () => ({ $cmp: [number(), number()] }),
    () => ({ $let: { vars: { x: number() }, in: { $add: ['$$x', '$$x'] } } }),
    () => ({ $reduce: { input: '$l', initialValue: 0, in: { $add: ['$$value', '$$this'] } } }),
    () => ({ $switch: { branches: [{ case: { $eq: [number(), number()] }, then: 1 }], default: 2 } }),
    () => number(),
  ])();
}

function makeExpression(random) {
  const { below, pick } = random;
  return pick([
    () => makeNumber(random, 3),
    () => ({ $concat: ['$c', pick(STRINGS)] }),
    () => ({ $toUpper: '$c' }),
    () => ({ $split: ['$c', 'b'] }),
    () => ({ $map: { input: '$l', as: 'e', in: { $add: ['$$e', makeNumber(random, 1)] } } }),
    () => ({ $filter: { input: '$l', as: 'e', cond: { $gt: ['$$e', makeNumber(random, 1)] } } }),
    () => ({ $concatArrays: ['$l', ['$m']] }),
    () => ({ $reverseArray: '$l' }),
    () => ({ $slice: ['$l', 1 + below(3)] }),
    () => ({ $in: [makeNumber(random, 1), '$l'] }),
    () => ({ $range: [0, 1 + below(5), 1 + below(2)] }),
    () => ({ $and: [{ $gt: ['$m', 0] }, { $lt: [makeNumber(random, 1), 3] }] }),
    () => ({ $eq: ['$c', pick(STRINGS)] }),
  ])();
}

function makePipeline(random) {
  const { below, pick } = random;
  const match = { $match: makeFilter(random) };
  const order = { $sort: { [pick(['m', 'c'])]: pick([1, -1]), _id: 1 } };
  return pick([
    () => [match, order, { $project: { r: makeExpression(random), m: 1 } }],
    () => [match, { $addFields: { r: makeExpression(random) } }, order, { $skip: below(3) }, { $limit: 1 + below(9) }],
    () => [
      order,
      {
        $group: {
          _id: pick(['$c', '$m', null]),
          n: { $sum: 1 },
          s: { $sum: makeNumber(random, 1) },
          a: { $avg: '$m' },
          least: { $min: '$m' },
          most: { $max: '$m' },
          first: { $first: '$_id' },
          last: { $last: '$_id' },
          all: { $push: '$m' },
        },
      },
      { $sort: { _id: 1 } },
    ],
    () => [match, { $unwind: '$l' }, { $project: { _id: 1, l: 1, r: { $multiply: ['$l', 2] } } }],
    () => [{ $unwind: { path: '$t', preserveNullAndEmptyArrays: true } }, { $match: makeFilter(random) }, { $project: { t: 1 } }],
    () => [order, { $replaceRoot: { newRoot: { id: '$_id', r: makeExpression(random) } } }],
  ])();
}

/** Values without the types of numbers, which JavaScript does not have. */
function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return Object.is(value, -0) ? 0 : value;
  for (const name of ['$numberInt', '$numberLong', '$numberDouble']) {
    if (name in value) return plain(Number(value[name]));
  }
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}

before(async () => {
  await reset();
});

test(`${CASES} random cases give what mingo gives`, async (t) => {
  const random = generator(SEED);
  let done = 0;
  for (let round = 0; done < CASES; round += 1) {
    const name = `mingo${round % 2}`;
    const documents = Array.from({ length: 20 }, (_, id) => makeDocument(random, id + 1));
    await post('/commands', { commands: [{ drop: name }] }).catch(() => {});
    await post('/collections', { collectionName: name }).catch(() => {});
    await post(`/collections/${name}/documents`, { data: documents });
    const cases = Array.from({ length: Math.min(BATCH, CASES - done) }, (_, index) =>
      index % 2 ? { filter: makeFilter(random) } : { pipeline: makePipeline(random) },
    );
    const commands = cases.map(({ filter, pipeline }) =>
      filter ? { find: name, filter } : { aggregate: name, pipeline, cursor: {} },
    );
    const { list } = await post('/commands', { commands });
    cases.forEach((wanted, index) => {
      const { filter, pipeline } = wanted;
      const expected = filter
        ? documents.filter((document) => new Query(filter).test(document))
        : aggregate(structuredClone(documents), pipeline);
      assert.deepEqual(plain(list[index]), plain(expected), `${JSON.stringify(wanted)} on ${JSON.stringify(documents)}`);
    });
    done += cases.length;
  }
  t.diagnostic(`${done} cases`);
});

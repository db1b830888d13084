// Storage, classic and PG mode: the official SDKs against the emulator's gateway and object store.

import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';

import { apiKey, endpoint, ok, requests, reset, startedApp } from './lib.mjs';

const admin = (options) => startedApp({ accessKey: apiKey, ...options });
const blob = (text = 'hello', type = 'text/plain') => new Blob([text], { type });
const text = async (data) => Buffer.from(data instanceof Blob ? await data.arrayBuffer() : data).toString();

beforeEach(reset);

describe('classic', () => {
  test('uploads, downloads, describes and removes', async () => {
    const files = (await admin()).storage.from();
    const options = { contentType: 'text/plain', cacheControl: 'max-age=60', metadata: { k: 'v' } };
    const put = ok(await files.upload('dir/a b.txt', blob(), options));
    assert.match(put.id, /^cloud:\/\/.*\/dir\/a b\.txt$/);
    assert.equal(await text(ok(await files.download(put.id))), 'hello');
    const info = ok(await files.info(put.id));
    assert.deepEqual([info.size, info.contentType, info.cacheControl], [5, 'text/plain', 'max-age=60']);
    assert.equal(ok(await files.exists(put.id)), true);
    const [removed] = ok(await files.remove([put.id]));
    assert.equal(removed.id, put.id);
    assert.equal((await files.exists(put.id)).data, false);
  });

  test('the upload never shows the credential to the object store', async () => {
    ok(await (await admin()).storage.from().upload('t.txt', blob()));
    const [put] = await requests('PUT /t.txt');
    const { host, authorization } = Object.fromEntries(put.headers);
    assert.notEqual(host, new URL(endpoint).host);
    assert.match(authorization, /^q-sign-algorithm=sha1&/);
    assert.ok(!JSON.stringify(put).includes(apiKey));
  });

  test('signed URLs with a name and an image transform', async () => {
    const files = (await admin()).storage.from();
    const { id } = ok(await files.upload('i.png', blob('png', 'image/png')));
    const options = { download: 'x y.png', transform: { width: 100, height: 50 } };
    const { signedUrl } = ok(await files.createSignedUrl(id, 600, options));
    const response = await fetch(signedUrl);
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-disposition'), /x%20y\.png/);
    const [many] = ok(await files.createSignedUrls([id], 600));
    assert.equal(await (await fetch(many.signedUrl)).text(), 'png');
  });

  test('copies and moves', async () => {
    const files = (await admin()).storage.from();
    const { id } = ok(await files.upload('a', blob('one')));
    ok(await files.copy('a', 'b'));
    ok(await files.move('b', 'c'));
    assert.equal(await text(ok(await files.download(id.replace(/a$/, 'c')))), 'one');
    assert.equal((await files.exists(id.replace(/a$/, 'b'))).data, false);
    assert.ok((await files.copy('missing', 'd')).error);
  });

  test('a user owns what he uploads, and nobody else may touch it', async () => {
    const lin = await startedApp();
    ok(await lin.auth().signInAnonymously());
    const { id } = ok(await lin.storage.from().upload('mine', blob()));
    const mei = await startedApp();
    ok(await mei.auth().signInAnonymously());
    await assert.rejects(mei.storage.from().upload('mine', blob('stolen')), /STORAGE_EXCEED_AUTHORITY/);
    assert.ok((await mei.storage.from().remove([id])).error);
    assert.equal(await text(ok(await mei.storage.from().download(id))), 'hello');
  });

  test('the functions of the app object', async () => {
    const app = await admin();
    const { fileID } = await app.uploadFile({ cloudPath: 'top/a.txt', filePath: blob('top'), fileContent: blob('top') });
    const { fileList } = await app.getTempFileURL({ fileList: [fileID, 'nonsense'] });
    assert.equal(fileList[0].code, 'SUCCESS');
    assert.equal(fileList[1].code, 'INVALID_PARAM');
    assert.equal(await (await fetch(fileList[0].tempFileURL)).text(), 'top');
    const copied = await app.copyFile({ fileList: [{ srcPath: 'top/a.txt', dstPath: 'top/b.txt' }] });
    assert.equal(copied.fileList[0].code, 'SUCCESS');
    const info = await app.getFileInfo({ fileList: [fileID] });
    assert.equal(info.fileList[0].size, 3);
    const deleted = await app.deleteFile({ fileList: [fileID, fileID] });
    assert.deepEqual(deleted.fileList.map(({ code }) => code), ['SUCCESS', 'OBJECT_NOT_EXIST']);
  });

  test('a form upload from a page', async () => {
    const app = await admin({ build: 'browser' });
    const { data } = await app.getUploadMetadata({ cloudPath: 'form.txt' });
    const form = new FormData();
    form.append('key', 'form.txt');
    form.append('signature', data.authorization);
    form.append('x-cos-meta-fileid', data.cosFileId);
    form.append('success_action_status', '201');
    form.append('x-cos-security-token', data.token);
    form.append('file', blob('form'));
    const response = await fetch(data.url, { method: 'POST', body: form });
    assert.equal(response.status, 201);
    const { fileList } = await app.getTempFileURL({ fileList: [data.fileId] });
    assert.equal(await (await fetch(fileList[0].tempFileURL)).text(), 'form');
  });
});

describe('PG mode', () => {
  const bucket = async (id, options) => {
    const app = await admin();
    ok(await app.storage.createBucket(id, options));
    return app.storage.from(id);
  };

  test('manages buckets', async () => {
    const { storage } = await admin();
    assert.deepEqual(ok(await storage.createBucket('avatars', { public: true, fileSizeLimit: 3 })), { name: 'avatars' });
    assert.match((await storage.createBucket('avatars')).error.message, /exists/);
    assert.equal(ok(await storage.getBucket('avatars')).public, true);
    ok(await storage.updateBucket('avatars', { public: false }));
    assert.deepEqual(ok(await storage.listBuckets({ search: 'ava' })).map(({ id }) => id), ['avatars']);
    const { error } = await storage.from('avatars').upload('big', blob('1234'));
    assert.equal(error.status, 413);
    ok(await storage.deleteBucket('avatars'));
    assert.equal((await storage.getBucket('avatars')).error.status, 404);
  });

  test('uploads, downloads, lists and removes', async () => {
    const files = await bucket('docs');
    const put = ok(await files.upload('dir/你 好?#.txt', blob('one'), { metadata: { k: 'v' } }));
    assert.equal(put.fullPath, 'docs/dir/你 好?#.txt');
    assert.equal(await text(ok(await files.download('dir/你 好?#.txt'))), 'one');
    assert.equal((await files.upload('dir/你 好?#.txt', blob('two'))).error.status, 409);
    ok(await files.upload('dir/你 好?#.txt', 'two', { upsert: true, contentType: 'text/html' }));
    const info = ok(await files.info('dir/你 好?#.txt'));
    assert.deepEqual([info.size, info.contentType], [3, 'text/html']);
    ok(await files.update('b', blob('three')));
    const { objects, hasNext } = ok(await files.list());
    assert.deepEqual([objects.map(({ name }) => name), hasNext], [['b', 'dir/你 好?#.txt'], false]);
    assert.equal(ok(await files.exists('b')), true);
    const removed = ok(await files.remove(['b', 'missing']));
    assert.deepEqual(removed.map(({ name }) => name), ['b']);
    assert.equal(ok(await files.exists('b')), false);
  });

  test('copies and moves across buckets', async () => {
    const files = await bucket('docs');
    ok(await (await admin()).storage.createBucket('other'));
    ok(await files.upload('a', blob('one')));
    assert.deepEqual(ok(await files.copy('a', 'b', { destinationBucket: 'other' })), { path: 'other/b' });
    assert.deepEqual(ok(await files.move('a', 'c')), { message: 'Successfully moved' });
    assert.equal((await files.download('a')).error.status, 404);
  });

  test('signs downloads and uploads', async () => {
    const files = await bucket('docs');
    ok(await files.upload('a b', blob('one')));
    const { fullSignedURL } = ok(await files.createSignedUrl('a b', 60, { download: 'n.txt' }));
    const response = await fetch(fullSignedURL);
    assert.equal(await response.text(), 'one');
    assert.match(response.headers.get('content-disposition'), /n\.txt/);
    const many = ok(await files.createSignedUrls(['a b', 'missing'], 60));
    assert.ok(many[0].fullSignedURL && !many[0].error && !many[1].fullSignedURL && many[1].error);
    const { token } = ok(await files.createSignedUploadUrl('up'));
    ok(await files.uploadToSignedUrl('up', token, blob('signed')));
    assert.equal(await text(ok(await files.download('up'))), 'signed');
    assert.ok((await files.uploadToSignedUrl('up', 'wrong', blob())).error);
  });

  test('public buckets', async () => {
    const files = await bucket('open', { public: true });
    ok(await files.upload('a', blob('public')));
    const { publicUrl } = files.getPublicUrl('a', { download: true }).data;
    assert.equal(await (await fetch(publicUrl)).text(), 'public');
    const visitor = (await startedApp()).storage.from('open');
    assert.equal((await visitor.upload('b', blob())).error.status, 403);
  });
});

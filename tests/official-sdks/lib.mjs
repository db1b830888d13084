// What the tests of every area share: the emulator's address, its control API, and the SDKs pointed at it.

import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

function setting(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; start the tests with run.sh`);
  return value;
}

export const endpoint = setting('CLOUDBASE_ENDPOINT');
export const envId = setting('CLOUDBASE_ENV_ID');
export const publishableKey = setting('CLOUDBASE_ACCESS_KEY');
export const apiKey = setting('CLOUDBASE_API_KEY');

// The SDKs read these by themselves and would sign requests with cloud secrets or take another environment.
for (const name of ['CLOUDBASE_APIKEY', 'TCB_ENV', 'SCF_NAMESPACE', 'TENCENTCLOUD_SECRETID', 'TENCENTCLOUD_SECRETKEY']) {
  delete process.env[name];
}

export const nodeSdk = require('@cloudbase/node-sdk');

/** Calls the emulator's control API. */
export async function control(method, path, body) {
  const response = await fetch(`${endpoint}/__emulator${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

/** Empties the emulator. */
export const reset = () => control('POST', '/reset');

/** The code that was last sent to an address. */
export async function code(to) {
  const [message] = await control('GET', `/inbox?to=${encodeURIComponent(to)}`);
  if (!message) throw new Error(`no code was sent to ${to}`);
  return message.code;
}

/** The logged requests that fit a pattern such as `POST /auth/v1/token`. */
export const requests = (pattern = '*') => control('GET', `/requests?match=${encodeURIComponent(pattern)}`);

/**
 * The JS SDK's two builds. The one for Node refuses PATCH and DELETE for auth, so auth is tested with the one for browsers,
 * which needs these globals. And an older version, whose `database()` is not the same.
 */
const builds = { node: '@cloudbase/js-sdk', '3.5.4': '@cloudbase/js-sdk-3.5.4', browser: './node_modules/@cloudbase/js-sdk/dist/index.cjs.js' };

function load(build) {
  if (build === 'browser') pretendToBeABrowser();
  const loaded = require(builds[build]);
  const cloudbase = loaded.default ?? loaded;
  // The first start makes the adapter, of which every later app takes the captcha hook.
  const { adapter } = cloudbase.init({ env: envId }).platform;
  adapter.captchaOptions = { openURIWithCallback: (url) => solve(url) };
  return cloudbase;
}

const loaded = {};
let solve;

/**
 * An app of the JS SDK on the emulator. The SDK keeps one storage per process, so what an earlier app stored is removed.
 *
 * `solveCaptcha(url)` is asked when a captcha is demanded; the SDK leaves that to the application outside browsers.
 */
export function jsApp({ build = 'node', solveCaptcha, ...options } = {}) {
  const cloudbase = (loaded[build] ??= load(build));
  solve = solveCaptcha ?? (() => Promise.reject(new Error('no captcha was expected')));
  const { adapter } = cloudbase.platform;
  adapter.localStorage?.clear();
  adapter.sessionStorage?.clear();
  globalThis.localStorage?.clear();
  globalThis.sessionStorage?.clear();
  const app = cloudbase.init({ env: envId, accessKey: publishableKey, ...options });
  const { host, protocol } = new URL(endpoint);
  app.registerHost(host, protocol.replace(':', ''));
  return app;
}

/** Like {@link jsApp}, but waits until the SDK has taken up its access key: its very first call would go without. */
export async function startedApp(options) {
  const app = jsApp(options);
  await app.auth().getSession();
  return app;
}

/** The few parts of a page that the SDK's build for browsers touches. */
function pretendToBeABrowser() {
  const storage = () => {
    const items = new Map();
    return {
      getItem: (key) => items.get(key) ?? null,
      setItem: (key, value) => void items.set(key, String(value)),
      removeItem: (key) => void items.delete(key),
      clear: () => items.clear(),
    };
  };
  const location = new URL('http://localhost:3000/');
  Object.assign(globalThis, {
    window: globalThis,
    self: globalThis,
    localStorage: storage(),
    sessionStorage: storage(),
    location,
    document: { location, addEventListener() {}, createElement: () => ({ style: {} }) },
    history: { replaceState() {} },
    addEventListener() {},
    removeEventListener() {},
    WebSocket: class {},
    XMLHttpRequest: class {},
  });
}

/** Fails with the SDK's own error if an answer of the `{data, error}` kind has one. */
export function ok(answer) {
  if (answer.error) {
    const { code: name, message } = answer.error;
    throw new Error(`${name}: ${message}`, { cause: answer.error });
  }
  return answer.data;
}

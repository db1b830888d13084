// Auth of the JS SDK, unmodified, against the emulator.

import assert from 'node:assert/strict';
import { beforeEach, describe, mock, test } from 'node:test';

import * as lib from './lib.mjs';
import { code, control, envId, nodeSdk, ok, requests, reset } from './lib.mjs';

const EMAIL = 'ann@example.com';
const PHONE = '13800000000';
const FULL_PHONE = '+86 13800000000';
const PASSWORD = 'Passw0rd!';
const NEW_PASSWORD = 'N3w-pass!';

const jsApp = (options) => lib.jsApp({ build: 'browser', ...options });

const addUser = (user) => control('POST', '/users', { password: PASSWORD, ...user });

/** An app whose user is signed in by e-mail and password. */
async function signedIn(options) {
  await addUser({ email: EMAIL, username: 'ann_0001' });
  const auth = jsApp(options).auth();
  ok(await auth.signInWithPassword({ email: EMAIL, password: PASSWORD }));
  return auth;
}

/** Asserts that an answer carries this error. */
function refused(answer, error) {
  assert.ok(answer.error, `expected ${error}, got ${JSON.stringify(answer.data)}`);
  assert.equal(answer.error.code, error);
}

beforeEach(reset);

describe('sign-in', () => {
  test('anonymously: one user per device', async () => {
    const auth = jsApp().auth();
    const first = ok(await auth.signInAnonymously());
    assert.equal(first.user.is_anonymous, true);
    assert.equal(first.session.scope, 'anonymous');
    const again = ok(await auth.signInAnonymously());
    assert.equal(again.user.id, first.user.id);
    const other = ok(await jsApp().auth().signInAnonymously());
    assert.notEqual(other.user.id, first.user.id);
  });

  test('signUp registers a new user and signs a known one in', async () => {
    const auth = jsApp().auth();
    const signUp = ok(await auth.signUp({ email: EMAIL, password: PASSWORD, name: 'Ann' }));
    const wrong = await signUp.verifyOtp({ token: 'xxxxxx' });
    refused(wrong, 'invalid_argument');
    const { user, session } = ok(await signUp.verifyOtp({ token: await code(EMAIL) }));
    assert.equal(user.email, EMAIL);
    assert.equal(user.user_metadata.name, 'Ann');
    assert.equal(user.user_metadata.hasPassword, true);
    assert.equal(session.token_type, 'Bearer');
    const again = ok(await auth.signUp({ email: EMAIL }));
    const known = ok(await again.verifyOtp({ token: await code(EMAIL) }));
    assert.equal(known.user.id, user.id);
  });

  test('signUp with a phone number', async () => {
    const signUp = ok(await jsApp().auth().signUp({ phone: PHONE, password: PASSWORD }));
    const { user } = ok(await signUp.verifyOtp({ token: await code(FULL_PHONE) }));
    assert.equal(user.phone, FULL_PHONE);
  });

  test('with user name, e-mail and phone and a password', async () => {
    await addUser({ email: EMAIL, username: 'ann_0001', phone: FULL_PHONE });
    const auth = jsApp().auth();
    for (const name of [{ username: 'ann_0001' }, { email: EMAIL }, { phone: PHONE }]) {
      const { user } = ok(await auth.signInWithPassword({ ...name, password: PASSWORD }));
      assert.equal(user.email, EMAIL);
    }
    refused(await auth.signInWithPassword({ email: EMAIL, password: 'wrong' }), 'invalid_password');
    refused(await auth.signInWithPassword({ email: 'nobody@example.com', password: 'x' }), 'not_found');
  });

  test('with a one-time code', async () => {
    const auth = jsApp().auth();
    const created = ok(await auth.signInWithOtp({ phone: PHONE }));
    const first = ok(await created.verifyOtp({ token: await code(FULL_PHONE) }));
    const existing = ok(await auth.signInWithOtp({ phone: PHONE, options: { shouldCreateUser: false } }));
    const again = ok(await existing.verifyOtp({ token: await code(FULL_PHONE) }));
    assert.equal(again.user.id, first.user.id);
    const unknown = await auth.signInWithOtp({ email: 'nobody@example.com', options: { shouldCreateUser: false } });
    refused(unknown, 'not_found');
  });

  test('with a custom ticket made by the server SDK', async () => {
    const credentials = await control('GET', '/custom-login-key.json');
    const server = nodeSdk.init({ env: envId, credentials });
    const ticket = () => Promise.resolve(server.auth().createTicket('uid-1234'));
    const auth = jsApp().auth();
    const first = ok(await auth.signInWithCustomTicket(ticket));
    const again = ok(await auth.signInWithCustomTicket(ticket));
    assert.equal(again.user.id, first.user.id);
    assert.equal(first.user.identities[0].id, 'custom');
  });

  test('blocked users stay out', async () => {
    const { id } = await addUser({ email: EMAIL });
    await control('PATCH', `/users/${id}`, { status: 'BLOCKED' });
    refused(await jsApp().auth().signInWithPassword({ email: EMAIL, password: PASSWORD }), 'user_blocked');
  });
});

describe('third parties', () => {
  /** Opens the page of the identity source, which redirects at once. */
  async function authorize(url) {
    const response = await fetch(url, { redirect: 'manual' });
    const location = new URL(response.headers.get('location'));
    return Object.fromEntries(location.searchParams);
  }

  async function providerToken(auth, person) {
    const { uri } = await auth.genProviderRedirectUri({
      provider_id: 'github',
      provider_redirect_uri: 'http://localhost/cb',
      state: 's',
      other_params: { login_hint: person },
    });
    const redirect = await authorize(uri);
    const answer = await auth.grantProviderToken({
      provider_id: 'github',
      provider_redirect_uri: 'http://localhost/cb',
      provider_code: redirect.code,
    });
    assert.equal(answer.provider_profile.sub, person);
    return answer.provider_token;
  }

  test('OAuth in two steps', async () => {
    const auth = jsApp().auth();
    const { url } = ok(
      await auth.signInWithOAuth({
        provider: 'github',
        options: {
          // The page that the SDK believes to be on: it names it again when it spends the code.
          redirectTo: location.href,
          state: 'my-state',
          skipBrowserRedirect: true,
          queryParams: { login_hint: 'ann-gh' },
        },
      }),
    );
    const redirect = await authorize(url);
    assert.equal(redirect.state, 'my-state');
    const { user } = ok(await auth.verifyOAuth({ code: redirect.code, state: redirect.state, provider: 'github' }));
    assert.equal(user.identities[0].identity_data.provider_user_id, 'ann-gh');
  });

  test('a provider token signs in, and binds to a user', async () => {
    const auth = jsApp().auth();
    const first = ok(await auth.signInWithIdToken({ token: await providerToken(auth, 'ann-gh') }));
    assert.equal(first.user.identities[0].id, 'github');
    refused(await auth.signInWithIdToken({ token: 'pt.unknown' }), 'invalid_grant');

    const other = await signedIn();
    await other.bindWithProvider({ provider_token: await providerToken(other, 'ann-2') });
    const bound = ok(await other.getUserIdentities());
    assert.deepEqual(bound.identities.map(({ id, bind }) => ({ id, bind })), [{ id: 'github', bind: true }]);
    ok(await other.unlinkIdentity({ provider: 'github' }));
    assert.deepEqual(ok(await other.getUserIdentities()).identities, []);
    const taken = await providerToken(other, 'ann-gh');
    await assert.rejects(other.bindWithProvider({ provider_token: taken }), { error: 'failed_precondition' });
  });
});

describe('session', () => {
  test('refreshes rotate the refresh token', async () => {
    const auth = await signedIn();
    const before = ok(await auth.getSession()).session;
    const after = ok(await auth.refreshSession()).session;
    assert.notEqual(after.refresh_token, before.refresh_token);
    assert.notEqual(after.access_token, before.access_token);
    const spent = await auth.refreshSession(before.refresh_token);
    assert.ok(spent.error);
    ok(await jsApp().auth().setSession(after));
  });

  test('an expired token is refreshed when it is needed', async () => {
    const auth = await signedIn();
    const before = ok(await auth.getSession()).session;
    const later = 3 * 3600 * 1000;
    await control('POST', '/clock', { advance_ms: later });
    mock.timers.enable({ apis: ['Date'], now: Date.now() + later });
    try {
      const after = ok(await auth.getSession()).session;
      assert.notEqual(after.access_token, before.access_token);
      ok(await auth.getUser());
      assert.equal((await requests('POST /auth/v1/token')).length, 1);
    } finally {
      mock.timers.reset();
    }
  });

  test('a second device ends the first one’s session', async () => {
    const auth = await signedIn();
    const first = ok(await auth.getSession()).session;
    const other = jsApp().auth();
    ok(await other.signInWithPassword({ email: EMAIL, password: PASSWORD }));
    const answer = await other.setSession(first);
    assert.ok(answer.error);
    assert.match(JSON.stringify(answer.error), /invalid_grant|unauthenticated/);
  });

  test('signing out revokes', async () => {
    const auth = await signedIn();
    const { session } = ok(await auth.getSession());
    ok(await auth.signOut());
    const answer = await fetch(`${process.env.CLOUDBASE_ENDPOINT}/auth/v1/user/me`, {
      headers: { authorization: `Bearer ${session.access_token}` },
    });
    assert.equal(answer.status, 401);
    assert.equal(ok(await auth.getSession()).session, null);
  });

  test('signing out with options', async () => {
    const auth = await signedIn();
    ok(await auth.signOut({ options: { redirectTo: 'https://app.example.com/bye' } }));
    assert.equal(ok(await auth.getUser()).user ?? null, null);
  });

  test('claims', async () => {
    const auth = await signedIn();
    const { claims, header } = ok(await auth.getClaims());
    assert.equal(header.alg, 'RS256');
    assert.equal(claims.project_id, envId);
    assert.equal(claims.email, EMAIL);
    assert.equal(claims.sub, ok(await auth.getUser()).user.id);
  });

  test('events', async () => {
    await addUser({ email: EMAIL });
    const auth = jsApp().auth();
    const events = [];
    auth.onAuthStateChange((event) => events.push(event));
    ok(await auth.signInWithPassword({ email: EMAIL, password: PASSWORD }));
    ok(await auth.refreshSession());
    ok(await auth.updateUser({ nickname: 'Annie' }));
    ok(await auth.signOut());
    // Delivery is asynchronous: one turn of the event loop behind.
    await new Promise(setImmediate);
    const seen = events.filter((event) => event !== 'INITIAL_SESSION');
    assert.deepEqual(seen, ['SIGNED_IN', 'TOKEN_REFRESHED', 'USER_UPDATED', 'SIGNED_OUT']);
  });
});

describe('user', () => {
  test('profile fields are updated', async () => {
    const auth = await signedIn();
    const { user } = ok(await auth.updateUser({ nickname: 'Annie', gender: 'FEMALE', avatar_url: 'https://e.org/a.png' }));
    assert.equal(user.user_metadata.name, 'Annie');
    const again = ok(await auth.refreshUser()).user;
    assert.equal(again.user_metadata.picture, 'https://e.org/a.png');
    refused(await auth.updateUser({ nickname: 'A' }), 'invalid_argument');
  });

  test('a new contact is verified first', async () => {
    const auth = await signedIn();
    const update = ok(await auth.updateUser({ phone: '13900000001' }));
    const { user } = ok(await update.verifyOtp({ phone: '13900000001', token: await code('+86 13900000001') }));
    assert.equal(user.phone, '+86 13900000001');
    const email = ok(await auth.updateUser({ email: 'ann2@example.com' }));
    const changed = ok(await email.verifyOtp({ email: 'ann2@example.com', token: await code('ann2@example.com') }));
    assert.equal(changed.user.email, 'ann2@example.com');
  });

  test('an account is deleted', async () => {
    const auth = await signedIn();
    refused(await auth.deleteUser({ password: 'wrong' }), 'invalid_password');
    ok(await auth.deleteUser({ password: PASSWORD }));
    refused(await jsApp().auth().signInWithPassword({ email: EMAIL, password: PASSWORD }), 'not_found');
  });

  test('users are found', async () => {
    const auth = await signedIn();
    assert.equal(await auth.isUsernameRegistered('ann_0001'), true);
    assert.equal(await auth.isUsernameRegistered('nobody'), false);
    const found = await auth.queryUser({ username: 'ann_0001' });
    assert.equal(found.total, 1);
    assert.equal(found.data[0].email, EMAIL);
  });
});

describe('passwords', () => {
  test('reset by e-mail', async () => {
    await addUser({ email: EMAIL });
    const auth = jsApp().auth();
    const forgotten = ok(await auth.resetPasswordForEmail(EMAIL));
    const { user } = ok(await forgotten.updateUser({ nonce: await code(EMAIL), password: NEW_PASSWORD }));
    assert.equal(user.email, EMAIL);
    refused(await auth.signInWithPassword({ email: EMAIL, password: PASSWORD }), 'invalid_password');
  });

  test('reset by phone, which the SDK sends in two forms', async () => {
    await addUser({ phone: FULL_PHONE });
    const forgotten = ok(await jsApp().auth().resetPasswordForEmail(PHONE));
    const { user } = ok(await forgotten.updateUser({ nonce: await code(FULL_PHONE), password: NEW_PASSWORD }));
    assert.equal(user.phone, FULL_PHONE);
  });

  test('change with the old password', async () => {
    const auth = await signedIn();
    refused(await auth.resetPasswordForOld({ old_password: 'wrong', new_password: NEW_PASSWORD }), 'invalid_password');
    refused(await auth.resetPasswordForOld({ old_password: PASSWORD, new_password: 'short' }), 'weak_password');
    ok(await auth.resetPasswordForOld({ old_password: PASSWORD, new_password: NEW_PASSWORD }));
    ok(await auth.refreshSession());
    ok(await auth.signInWithPassword({ email: EMAIL, password: NEW_PASSWORD }));
  });

  test('reauthenticate, with and without a new password', async () => {
    const auth = await signedIn();
    const proof = ok(await auth.reauthenticate());
    ok(await proof.updateUser({ nonce: await code(EMAIL), password: NEW_PASSWORD }));
    const again = ok(await auth.reauthenticate());
    ok(await again.updateUser({ nonce: await code(EMAIL) }));
    ok(await auth.signInWithPassword({ email: EMAIL, password: NEW_PASSWORD }));
  });
});

describe('verification', () => {
  test('step by step', async () => {
    await addUser({ email: EMAIL });
    const auth = jsApp().auth();
    const sent = await auth.getVerification({ email: EMAIL, target: 'USER' });
    assert.equal(sent.is_user, true);
    const { verification_token: token } = await auth.verify({
      verification_id: sent.verification_id,
      verification_code: await code(EMAIL),
    });
    assert.ok(token);
  });

  test('resend and verifyOtp', async () => {
    await addUser({ email: EMAIL });
    const auth = jsApp().auth();
    const { messageId } = ok(await auth.resend({ email: EMAIL, type: 'signup' }));
    const { user } = ok(await auth.verifyOtp({ email: EMAIL, token: await code(EMAIL), messageId }));
    assert.equal(user.email, EMAIL);
  });
});

describe('captcha', () => {
  /** Reads the answer out of the emulator and lets the SDK verify it. */
  function solver() {
    const solved = [];
    const solveCaptcha = async (url) => {
      assert.match(url, /^data:image\/gif;base64,/);
      const token = new URLSearchParams(url.slice(url.indexOf('?'))).get('token');
      solved.push(token);
      const { answer } = await control('GET', `/captcha/${token}`);
      return solver.auth.verifyCaptchaData({ token, key: answer.toLowerCase() });
    };
    return { solved, solveCaptcha };
  }

  test('a demanded captcha is solved once and its token reused', async () => {
    const { solved, solveCaptcha } = solver();
    const auth = jsApp({ solveCaptcha }).auth();
    solver.auth = auth;
    await control('POST', '/captcha', { match: 'POST /auth/v1/verification' });
    ok({ data: await auth.getVerification({ email: EMAIL }) });
    ok({ data: await auth.getVerification({ phone_number: PHONE }) });
    assert.equal(solved.length, 1);
    await control('DELETE', '/captcha/tokens');
    const stale = await auth.getVerification({ email: EMAIL }).catch((error) => error);
    assert.equal(stale.error, 'captcha_invalid');
  });

  test('five wrong passwords demand one', async () => {
    await addUser({ email: EMAIL });
    const { solved, solveCaptcha } = solver();
    const auth = jsApp({ solveCaptcha }).auth();
    solver.auth = auth;
    for (let i = 0; i < 5; i += 1) {
      refused(await auth.signInWithPassword({ email: EMAIL, password: 'wrong' }), 'invalid_password');
    }
    ok(await auth.signInWithPassword({ email: EMAIL, password: PASSWORD }));
    assert.equal(solved.length, 1);
  });

  test('challenges are made and checked', async () => {
    const auth = jsApp().auth();
    const challenge = await auth.createCaptchaData({ state: 'state-1' });
    assert.equal(challenge.type, 'image');
    await assert.rejects(auth.verifyCaptchaData({ token: challenge.token, key: '????' }), { error: 'invalid_captcha' });
    const { answer } = await control('GET', `/captcha/${challenge.token}`);
    const solved = await auth.verifyCaptchaData({ token: challenge.token, key: answer });
    assert.equal(solved.expires_in, 600);
  });
});

describe('errors', () => {
  /**
   * Every error that the emulator can send: its number, where a source has one, and what the SDK makes of both. A text in Chinese
   * may speak of a code that was sent or of a source of identities, which the SDK takes up too.
   */
  const ERRORS = [
    ['cancelled', 1, 'UNKNOWN'],
    ['unknown', 2, 'UNKNOWN'],
    ['invalid_argument', 3, 'INVALID_PARAMS'],
    ['deadline_exceeded', 4, 'SERVICE_ERROR'],
    ['not_found', 5, 'USER_NOT_FOUND'],
    ['already_exists', 6, 'UNKNOWN'],
    ['permission_denied', 7, 'PROVIDER_NOT_ENABLED'],
    ['resource_exhausted', 8, 'RATE_LIMITED'],
    ['failed_precondition', 9, 'PRECONDITION_FAILED'],
    ['aborted', 10, 'SERVICE_ERROR'],
    ['out_of_range', 11, 'UNKNOWN'],
    ['unimplemented', 12, 'SERVICE_ERROR'],
    ['internal', 13, 'SERVICE_ERROR'],
    ['unavailable', 14, 'SERVICE_ERROR'],
    ['data_loss', 15, 'SERVICE_ERROR'],
    ['unauthenticated', 16, 'INVALID_CREDENTIALS'],
    ['captcha_required', 4001, 'CAPTCHA_REQUIRED'],
    ['captcha_invalid', 4002, 'CAPTCHA_INVALID'],
    ['unauthorized', 4003, 'UNKNOWN'],
    ['provider_error', 4019, 'UNKNOWN'],
    ['unauthorized_client', 4022, 'PROVIDER_NOT_ENABLED'],
    ['invalid_grant', 4026, 'INVALID_CREDENTIALS'],
    ['mfa_phone_required', 4042, 'MFA_REQUIRED'],
    ['login_type_disabled', 4045, 'PROVIDER_NOT_ENABLED'],
    ['invalid_captcha', undefined, 'UNKNOWN', 'INVALID_CREDENTIALS'],
    ['captcha_expired', undefined, 'UNKNOWN', 'INVALID_CREDENTIALS'],
    ['captcha_used', undefined, 'UNKNOWN', 'INVALID_CREDENTIALS'],
    ['invalid_password', undefined, 'INVALID_CREDENTIALS'],
    ['password_not_set', undefined, 'INVALID_CREDENTIALS'],
    ['weak_password', undefined, 'UNKNOWN'],
    ['invalid_status', undefined, 'USER_STATUS_ABNORMAL'],
    ['user_blocked', undefined, 'USER_STATUS_ABNORMAL'],
    ['user_pending', undefined, 'USER_STATUS_ABNORMAL'],
    ['invalid_verification_code', undefined, 'INVALID_CREDENTIALS'],
    ['username_already_exists', undefined, 'UNKNOWN'],
    ['provider_not_found', undefined, 'UNKNOWN', 'PROVIDER_NOT_ENABLED'],
    ['provider_not_enabled', undefined, 'PROVIDER_NOT_ENABLED'],
    ['invalid_phone_number', undefined, 'UNKNOWN'],
    ['unsupported_grant_type', undefined, 'UNKNOWN'],
    ['invalid_client', undefined, 'UNKNOWN'],
    ['none_of_the_others', undefined, 'UNKNOWN'],
  ];

  for (const [error, number, category, inChinese = category] of ERRORS) {
    test(`${error} is of the category ${category}`, async () => {
      for (const [lang, expected] of [['en-US', category], ['zh-CN', inChinese]]) {
        const auth = jsApp({ lang, solveCaptcha: async () => ({ captcha_token: 'token', expires_in: 600 }) }).auth();
        // A captcha is solved once, and then its error is the call's.
        await control('POST', '/faults', { match: 'POST /auth/v1/signin', times: 2, status: 400, code: error, message: 'as asked' });
        const answer = await auth.signInWithPassword({ email: EMAIL, password: PASSWORD });
        await control('DELETE', '/faults');
        refused(answer, error);
        assert.deepEqual([answer.error.errorCode, answer.error.category], [number, expected], lang);
      }
    });
  }

  test('a session, a ticket and a password that are no good are bad credentials', async () => {
    for (const lang of ['en-US', 'zh-CN']) {
      await reset();
      const auth = await signedIn({ lang });
      const { session } = ok(await auth.getSession());
      ok(await auth.refreshSession());
      const spent = await auth.setSession({ access_token: session.access_token, refresh_token: session.refresh_token });
      refused(spent, 'invalid_grant');
      assert.deepEqual([spent.error.errorCode, spent.error.category], [4026, 'INVALID_CREDENTIALS']);
      const wrong = await jsApp({ lang }).auth().signInWithPassword({ email: EMAIL, password: 'wrong' });
      refused(wrong, 'invalid_password');
      assert.deepEqual([wrong.error.errorCode, wrong.error.category], [undefined, 'INVALID_CREDENTIALS']);
      const credentials = JSON.parse(JSON.stringify(await control('GET', '/custom-login-key.json')));
      const ticket = nodeSdk.init({ env: envId, credentials: { ...credentials, private_key_id: 'unknown' } }).auth().createTicket('uid-1234');
      const custom = await jsApp({ lang }).auth().signInWithCustomTicket(() => Promise.resolve(ticket));
      refused(custom, 'invalid_grant');
      assert.equal(custom.error.category, 'INVALID_CREDENTIALS');
    }
  });

  test('rate limits and outages keep their code', async () => {
    const auth = jsApp().auth();
    await control('POST', '/faults', {
      match: 'POST /auth/v1/signin', times: 1, status: 429, code: 'resource_exhausted',
    });
    refused(await auth.signInWithPassword({ email: EMAIL, password: PASSWORD }), 'resource_exhausted');
    await control('POST', '/faults', { match: 'POST /auth/v1/signin', times: 1, status: 503, code: 'unavailable' });
    refused(await auth.signInWithPassword({ email: EMAIL, password: PASSWORD }), 'unavailable');
  });

  test('descriptions come in the language of the app', async () => {
    const english = await jsApp({ lang: 'en-US' }).auth().signInWithPassword({ email: EMAIL, password: 'x' });
    assert.match(english.error.message, /^the user does not exist/);
    const chinese = await jsApp({ lang: 'zh-CN' }).auth().signInWithPassword({ email: EMAIL, password: 'x' });
    assert.match(chinese.error.message, /^用户不存在/);
  });
});

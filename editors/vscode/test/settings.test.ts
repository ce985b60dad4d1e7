import assert from 'node:assert/strict';
import test from 'node:test';

import { chosen, hasLost } from '../src/settings';

test('only what somebody has set is sent', () => {
  const properties = { 'completion.maxTokens': {}, 'chat.model': {}, provider: { scope: 'machine' } };
  const set: Record<string, object> = { 'completion.maxTokens': { defaultValue: 128, globalValue: 64 } };
  assert.deepEqual(chosen(properties, (name) => set[name]), { 'completion.maxTokens': 64 });
});

test('a workspace comes before the user, and is not asked what is run or where the key goes', () => {
  const inspected = { globalValue: 'mine', workspaceValue: 'theirs' };
  const found = chosen({ 'chat.model': {}, baseUrl: { scope: 'machine' } }, () => inspected);
  assert.deepEqual(found, { 'chat.model': 'theirs', baseUrl: 'mine' });
});

test('a workspace adds to what the user keeps out', () => {
  const inspected = { globalValue: ['秘密/**', 'a'], workspaceValue: ['a', 'b'], workspaceFolderValue: [] };
  assert.deepEqual(chosen({ 'privacy.ignore': {} }, () => inspected), { 'privacy.ignore': ['a', 'b', '秘密/**'] });
});

test('a setting that was taken back is noticed', () => {
  assert.equal(hasLost({ provider: 'local' }, {}), true);
  assert.equal(hasLost({ provider: 'local' }, { provider: 'auto', baseUrl: 'x' }), false);
});

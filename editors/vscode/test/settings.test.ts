import assert from 'node:assert/strict';
import test from 'node:test';

import { ofUser, ofWorkspace } from '../src/settings';

test('only what is set is sent, and no default', () => {
  const properties = { 'completion.maxTokens': {}, 'chat.model': {}, provider: { scope: 'machine' } };
  const set: Record<string, object> = { 'completion.maxTokens': { defaultValue: 128, globalValue: 64 } };
  assert.deepEqual(ofUser(properties, (name) => set[name]), { 'completion.maxTokens': 64 });
  assert.deepEqual(ofWorkspace(properties, (name) => set[name]), {});
});

test('what a workspace sets is never sent as what the user has set', () => {
  const properties = { 'completion.maxTokens': {}, 'completion.enabled': {}, baseUrl: { scope: 'machine' } };
  const inspected = { globalValue: 'mine', workspaceValue: 'theirs', workspaceFolderValue: 'the folder’s' };
  assert.deepEqual(ofUser(properties, () => inspected), {
    'completion.maxTokens': 'mine',
    'completion.enabled': 'mine',
    baseUrl: 'mine',
  });
  assert.deepEqual(ofWorkspace(properties, () => inspected), {
    'completion.maxTokens': 'the folder’s',
    'completion.enabled': 'the folder’s',
  });
});

test('a workspace is not asked what is run or where the key goes', () => {
  const properties = { apiKeyCommand: { scope: 'machine' }, provider: { scope: 'machine' } };
  assert.deepEqual(ofWorkspace(properties, () => ({ workspaceValue: 'theirs' })), {});
  assert.deepEqual(ofUser(properties, () => ({ workspaceValue: 'theirs' })), {});
});

test('the lists of a workspace and of its folder are joined', () => {
  const inspected = { globalValue: ['秘密/**'], workspaceValue: ['a', 'b'], workspaceFolderValue: ['b', 'c'] };
  assert.deepEqual(ofWorkspace({ 'privacy.ignore': {} }, () => inspected), { 'privacy.ignore': ['b', 'c', 'a'] });
});

test('what is switched off and what is nothing are told apart', () => {
  const set: Record<string, object> = { off: { globalValue: false }, zero: { globalValue: 0 }, none: { globalValue: null } };
  assert.deepEqual(ofUser({ off: {}, zero: {}, none: {} }, (name) => set[name]), { off: false, zero: 0 });
});

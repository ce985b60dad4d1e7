import assert from 'node:assert/strict';
import test from 'node:test';

import { look, statusRows, usageRows } from '../src/words';

const today = {
  requests: 17,
  estimated: 3,
  prompt_hit_tokens: 12_000,
  prompt_miss_tokens: 300,
  completion_tokens: 45,
  cost_usd: 0.0423,
};

test('the item shows the state and what today has cost', () => {
  const { text, tooltip, isTrouble } = look({ state: 'ready', detail: '', busy: false }, today);
  assert.equal(text, '$(sparkle) ds-lsp 12.3K $0.04');
  assert.match(tooltip, /^ds-lsp: ready\nToday: 12,345 tokens, \$0\.04, 17 requests, 3 of them estimated\n/);
  assert.equal(isTrouble, false);
});

test('it shows no zeros where nothing was asked', () => {
  const nothing = { ...today, requests: 0 };
  assert.equal(look({ state: 'local', detail: '', busy: false }, nothing).text, '$(home) ds-lsp');
});

test('trouble is seen, and said', () => {
  const { tooltip, isTrouble } = look({ state: 'stopped', detail: 'the key is wrong', busy: false });
  assert.equal(isTrouble, true);
  assert.match(tooltip, /the key is wrong/);
});

test('a cent is not shown as nothing', () => {
  assert.match(look({ state: 'ready', detail: '', busy: false }, { ...today, cost_usd: 0.0002 }).text, /<\$0\.01$/);
});

test('usage and status are rows to be read', () => {
  const usage = { today, session: { ...today, requests: 1, estimated: 0 }, prices_as_of: '2026-11-01', daily_token_limit: null };
  assert.deepEqual(
    usageRows(usage).map((row) => row.description),
    ['12,345 tokens, $0.04, 17 requests, 3 of them estimated', '12,345 tokens, $0.04, 1 request', 'none', 'as of 2026-11-01'],
  );
  assert.deepEqual(statusRows({ state: 'ready', detail: '', busy: false, problems: [], key_source: null }), [
    { label: 'state', description: 'ready' },
    { label: 'busy', description: 'no' },
    { label: 'problems', description: 'none' },
  ]);
});

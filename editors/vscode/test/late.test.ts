import assert from 'node:assert/strict';
import test from 'node:test';

import { isWanted } from '../src/late';

const late = { uri: 'file:///a.py', version: 3, position: { line: 1, character: 4 } };

function editor({ uri = late.uri, version = 3, line = 1, character = 4, isEmpty = true, cursors = 1 }) {
  const selections = Array.from({ length: cursors }, () => ({ active: { line, character }, isEmpty }));
  return { document: { uri: { toString: () => uri }, version }, selections };
}

test('a late answer is asked for where text and cursor are as they were', () => {
  assert.equal(isWanted(late, editor({})), true);
});

for (const [what, now] of [
  ['the text has changed', editor({ version: 4 })],
  ['the cursor has moved along', editor({ character: 5 })],
  ['the cursor is on another line', editor({ line: 2 })],
  ['another file is looked at', editor({ uri: 'file:///b.py' })],
  ['something is selected', editor({ isEmpty: false })],
  ['there are several cursors', editor({ cursors: 2 })],
  ['no editor is open', undefined],
] as const) {
  test(`it is not asked for when ${what}`, () => {
    assert.equal(isWanted(late, now), false);
  });
}

import assert from 'node:assert/strict';
import test from 'node:test';

import { isUnanswered, isWanted } from '../src/late';

const late = { uri: 'file:///a.py', version: 3, position: { line: 1, character: 4 } };

function editor({ uri = late.uri, version = 3, line = 1, character = 4, isEmpty = true, cursors = 1 }) {
  const selections = Array.from({ length: cursors }, () => ({ active: { line, character }, isEmpty }));
  const offsetAt = (position: { line: number; character: number }) => 10 * position.line + position.character;
  return { document: { uri: { toString: () => uri }, version, offsetAt }, selections };
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

// Two letters before the cursor.
const edit = { uri: late.uri, version: 3, start: 12, end: 14 };

for (const [what, edited, now] of [
  ['the cursor is where they end', edit, editor({})],
  ['a bracket was closed behind it', { ...edit, end: 15 }, editor({})],
] as const) {
  test(`letters that nobody was there for are asked about where ${what}`, () => {
    assert.equal(isUnanswered(edited, now), true);
  });
}

for (const [what, edited, now] of [
  ['the text has changed', edit, editor({ version: 4 })],
  ['the cursor has moved before them', edit, editor({ character: 2 })],
  ['the cursor has moved along', edit, editor({ character: 5 })],
  ['they were deleted', { ...edit, start: 14 }, editor({})],
  ['another file is looked at', edit, editor({ uri: 'file:///b.py' })],
  ['something is selected', edit, editor({ isEmpty: false })],
  ['there are several cursors', edit, editor({ cursors: 2 })],
  ['no editor is open', edit, undefined],
  ['there were none', undefined, editor({})],
] as const) {
  test(`they are not asked about when ${what}`, () => {
    assert.equal(isUnanswered(edited, now), false);
  });
}

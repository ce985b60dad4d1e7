import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';

import { candidates, isOlder } from '../src/find';

test("the user's programs come before the workspace's, and never one from a relative folder", () => {
  const searchPath = ['/usr/bin', '.', '', 'bin'].join(path.delimiter);
  assert.deepEqual(candidates('ds-lsp', searchPath, '/home/我', '/project/.venv/bin/python'), [
    '/usr/bin/ds-lsp',
    '/home/我/.local/bin/ds-lsp',
    '/project/.venv/bin/ds-lsp',
  ]);
});

for (const [version, least, expected] of [
  ['0.1.0', '0.1.0', false],
  ['0.0.9', '0.1.0', true],
  ['0.10.0', '0.9.0', false],
  ['1', '1.0.0', false],
  ['1.2.0rc1', '1.2.1', true],
  ['nonsense', '0.1.0', true],
] as const) {
  test(`${version} is ${expected ? '' : 'not '}older than ${least}`, () => {
    assert.equal(isOlder(version, least), expected);
  });
}

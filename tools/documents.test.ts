import { expect, test } from 'vitest';
import { parseExamples } from './documents.ts';

test('finds the blocks marked as TypeScript, with their lines', () => {
  const text = [
    '# Title',
    '```ts',
    'const a = 1;',
    '```',
    '```sh',
    'ls',
    '```',
    '```typescript',
    'b;',
    'c;',
    '```',
  ].join('\n');
  expect(parseExamples(text)).toEqual([
    { line: 3, code: 'const a = 1;' },
    { line: 9, code: 'b;\nc;' },
  ]);
});

test('takes a block that is never closed to the end of the text', () => {
  expect(parseExamples('```ts\na;\nb;')).toEqual([{ line: 2, code: 'a;\nb;' }]);
});

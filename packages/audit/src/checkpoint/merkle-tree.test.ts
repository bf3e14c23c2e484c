import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { createMerkleTree, merkleRoot } from './merkle-tree.ts';

const leaf = (index: number) => createHash('sha256').update(`{"seq":${index}}`).digest('hex');

/** The definition of RFC 6962, section 2.1, word for word, with the lines' hashes as leaves. */
function definedRoot(leaves: readonly string[]): string {
  if (leaves.length === 0) return createHash('sha256').digest('hex');
  if (leaves.length === 1) return leaves[0]!;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  const halves = [definedRoot(leaves.slice(0, k)), definedRoot(leaves.slice(k))];
  return createHash('sha256')
    .update(Buffer.from(`01${halves.join('')}`, 'hex'))
    .digest('hex');
}

test('gives the root that RFC 6962 defines for every number of leaves', () => {
  const tree = createMerkleTree();
  const leaves: string[] = [];
  expect(tree.root()).toBe(definedRoot([]));
  for (let index = 1; index <= 70; index += 1) {
    leaves.push(leaf(index));
    tree.add(leaf(index));
    expect(tree.size).toBe(index);
    expect(tree.root()).toBe(definedRoot(leaves));
    expect(merkleRoot(leaves)).toBe(tree.root());
  }
});

test('gives another root when two leaves change places, or one is left out or repeated', () => {
  const root = (...indexes: readonly number[]) => {
    const tree = createMerkleTree();
    for (const index of indexes) tree.add(leaf(index));
    return tree.root();
  };
  const roots = [root(1, 2, 3), root(2, 1, 3), root(1, 3), root(1, 2, 3, 3), root(1, 2, 2, 3)];
  expect(new Set(roots).size).toBe(roots.length);
});

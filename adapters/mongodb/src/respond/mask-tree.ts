import { createMasker, type Masker } from '@gatehouse/masking';
import type { FieldMask, MaskerSpec } from '@gatehouse/model';

/**
 * Masks by field path, as a tree: a node masks everything below it, or leads on to its children.
 * Arrays are transparent: a path goes through each of their items. Names are compared without case, as
 * rules compare them, so that a mask does not depend on how a name was typed.
 */
export interface MaskNode {
  readonly masker: Masker | null;
  readonly children: ReadonlyMap<string, MaskNode>;
}

interface OpenNode {
  masker: Masker | null;
  readonly children: Map<string, OpenNode>;
}

/** Builds the tree of all masks of a request; documents of several collections may come together, so all apply to all. */
export function createMaskTree(
  masks: readonly FieldMask[],
  maskerOf: (spec: MaskerSpec) => Masker,
): MaskNode | null {
  if (masks.length === 0) return null;
  const root: OpenNode = { masker: null, children: new Map() };
  for (const { field, masker } of masks) {
    let node = root;
    if (field !== '*') for (const part of field.split('.')) node = childOf(node, part);
    // Two masks on one path: the first stands unless the second is the stronger `null`.
    if (node.masker === null || masker.kind === 'null') node.masker = maskerOf(masker);
  }
  return root;
}

function childOf(node: OpenNode, part: string): OpenNode {
  const name = part.toLowerCase();
  let child = node.children.get(name);
  if (child === undefined) {
    child = { masker: null, children: new Map() };
    node.children.set(name, child);
  }
  return child;
}

/** The node for a key below another one; a key with dots in it is read as a path. Null when nothing there is masked. */
export function stepInto(node: MaskNode, key: string): MaskNode | null {
  let current: MaskNode | null = node;
  for (const part of key.toLowerCase().split('.')) {
    if (current === null || current.masker !== null) return current;
    current = current.children.get(part) ?? null;
  }
  return current;
}

/** The node for an item of an array: a path goes through to every item, or names one by its position. */
export function stepIntoItem(node: MaskNode, position: string): MaskNode {
  const positional = node.masker === null ? stepInto(node, position) : null;
  return positional === null ? node : union(node, positional);
}

/** What either of two nodes masks. */
function union(a: MaskNode, b: MaskNode): MaskNode {
  const children = new Map(a.children);
  for (const [name, node] of b.children) {
    const other = children.get(name);
    children.set(name, other === undefined ? node : union(other, node));
  }
  return { masker: a.masker ?? b.masker, children };
}

/** Makes maskers once per spec and keeps them for the session. */
export function createMaskerCache(key: Buffer): (spec: MaskerSpec) => Masker {
  const cache = new Map<string, Masker>();
  return (spec) => {
    const name = JSON.stringify(spec);
    let masker = cache.get(name);
    if (masker === undefined) {
      masker = createMasker(spec, { key });
      cache.set(name, masker);
    }
    return masker;
  };
}

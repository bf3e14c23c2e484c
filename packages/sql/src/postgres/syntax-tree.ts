import type { Node } from 'libpg-query';

/**
 * Reading the parse tree without knowing its shape: every object in it, in no particular order.
 *
 * This is the safety net under the analyzer. What names a relation, calls a function or refers to a
 * column is found here by the form of the object, wherever it stands, and must have been accounted for
 * by the analysis. The walk uses no recursion, so depth cannot hurt it.
 */
export interface TreeInventory {
  readonly relations: readonly object[];
  readonly calls: readonly object[];
  readonly columns: readonly object[];
  readonly selects: readonly object[];
  /** Names of types. */
  readonly types: readonly object[];
  /** The highest `$n`. */
  readonly parameters: number;
  readonly depth: number;
}

/** Collects what must be accounted for. */
export function takeInventory(root: unknown): TreeInventory {
  const inventory = {
    relations: [] as object[],
    calls: [] as object[],
    columns: [] as object[],
    selects: [] as object[],
    types: [] as object[],
    parameters: 0,
    depth: 0,
  };
  const pending: unknown[] = [root];
  const depths: number[] = [0];
  while (pending.length > 0) {
    const value = pending.pop();
    const depth = depths.pop()!;
    if (typeof value !== 'object' || value === null) continue;
    if (depth > inventory.depth) inventory.depth = depth;
    if (Array.isArray(value)) {
      for (const item of value) {
        pending.push(item);
        depths.push(depth + 1);
      }
      continue;
    }
    for (const key in value) {
      const child = (value as Record<string, unknown>)[key];
      if (typeof child !== 'object' || child === null) continue;
      if (key === 'ColumnRef') inventory.columns.push(child);
      else if (key === 'ParamRef') {
        inventory.parameters = Math.max(inventory.parameters, (child as { number?: number }).number ?? 0);
      }
      pending.push(child);
      depths.push(depth + 1);
    }
    if ('relname' in value && 'relpersistence' in value) inventory.relations.push(value);
    else if ('limitOption' in value && 'op' in value) inventory.selects.push(value);
    else if ('funcname' in value && 'funcformat' in value) inventory.calls.push(value);
    else if ('names' in value && 'typemod' in value) inventory.types.push(value);
  }
  return inventory;
}

/** Calls `visit` for every object in the tree with the key that it stands under, parents first, without recursion. */
export function visitObjects(
  root: unknown,
  visit: (key: string, value: Readonly<Record<string, unknown>>) => void,
): void {
  const pending: (readonly [string, unknown])[] = [['', root]];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [key, value] = next;
    if (typeof value !== 'object' || value === null) continue;
    if (!Array.isArray(value)) visit(key, value as Readonly<Record<string, unknown>>);
    for (const [child, inner] of Object.entries(value).reverse())
      pending.push([Array.isArray(value) ? key : child, inner]);
  }
}

/** The one key of a node and what is under it: `{ SelectStmt: {…} }`. */
export function nodeKind(node: Node): string {
  for (const key in node) return key;
  return '';
}

/** The strings of a dotted name; an asterisk ends it as `*`. */
export function nameParts(nodes: readonly Node[] | undefined): readonly string[] {
  return (nodes ?? []).map((node) => {
    if ('String' in node) return node.String.sval ?? '';
    if ('A_Star' in node) return '*';
    return '';
  });
}

/** A plain literal as text; undefined for anything else, null for NULL. */
export function literalText(node: Node | undefined): string | null | undefined {
  if (node === undefined) return undefined;
  if ('TypeCast' in node) return literalText(node.TypeCast.arg);
  if ('String' in node) return node.String.sval ?? '';
  if ('Integer' in node) return String(node.Integer.ival ?? 0);
  if ('Float' in node) return node.Float.fval;
  if (!('A_Const' in node)) return undefined;
  const constant = node.A_Const;
  if (constant.isnull) return null;
  if (constant.sval !== undefined) return constant.sval.sval ?? '';
  if (constant.ival !== undefined) return String(constant.ival.ival ?? 0);
  if (constant.fval !== undefined) return constant.fval.fval ?? '';
  if (constant.boolval !== undefined) return String(constant.boolval.boolval ?? false);
  return undefined;
}

/** The parts of node-sql-parser's trees that are read here; everything is checked before it is used. */
export type Json = null | string | number | boolean | Json[] | { readonly [key: string]: Json | undefined };
export type Node = { readonly [key: string]: Json | undefined };

export function asNode(value: Json | undefined): Node | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
}

export function asList(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

export function asText(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}

/** Statements inside an expression come as `{ast: …}` or as themselves. */
export function queryOf(value: Json | undefined): Node | null {
  const node = asNode(value);
  if (node === null) return null;
  const inner = asNode(node['ast']);
  if (inner !== null) return queryOf(inner);
  return node['type'] === 'select' || node['type'] === 'union' ? node : null;
}

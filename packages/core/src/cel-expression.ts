/**
 * The only file that knows the CEL library (@marcbachmann/cel-js).
 *
 * It closes what the library leaves open: `matches()` runs a backtracking engine and is refused in
 * favour of `rematch(text, "literal")`, which is linear (re2js); macros nest at most twice; `cel.bind`,
 * which doubles values cheaply, is refused; expressions, lists and texts have named limits. There is no
 * clock and no randomness in it, so an expression is a pure function of its variables.
 *
 * A fact that is unknown is absent: reading it throws, and `has()` asks for it first.
 */
import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';
import {
  CEL_FIELDS,
  CEL_LIMITS,
  CelAccess,
  CelDatabase,
  CelPrincipal,
  type CelScope,
  CelSession,
  CelStatement,
  type CelVariables,
} from './cel-variables.ts';
import { suggest } from './suggest.ts';

export interface CelFault {
  /** Offset inside the expression. */
  readonly offset: number;
  readonly message: string;
  readonly suggestion?: string;
}

export interface CelExpression {
  readonly source: string;
  /** True when the expression reads `session.application` or `session.clientAddress`, or the session as a whole. */
  readonly readsClient: boolean;
  /** Throws when a fact that it reads is unknown or of the wrong type; the library's code is in the error's `code`. */
  evaluate(variables: CelVariables): boolean;
}

export type CelResult =
  | { readonly ok: true; readonly expression: CelExpression }
  | { readonly ok: false; readonly fault: CelFault };

export type CelCompiler = (source: string, scope: CelScope) => CelResult;

/** Creates a compiler with environments and pattern cache of its own. */
export function createCelCompiler(): CelCompiler {
  const patterns = new Map<string, RE2JS>();
  const environments: Record<CelScope, Environment> = {
    data: createEnvironment('data', patterns),
    statement: createEnvironment('statement', patterns),
  };
  return (source, scope) => compile(source, environments[scope], patterns);
}

function createEnvironment(scope: CelScope, patterns: ReadonlyMap<string, RE2JS>): Environment {
  const environment = new Environment({
    unlistedVariablesAreDyn: false,
    homogeneousAggregateLiterals: false,
    limits: {
      maxAstNodes: CEL_LIMITS.nodes,
      maxDepth: CEL_LIMITS.depth,
      maxListElements: CEL_LIMITS.listItems,
      maxMapEntries: 32,
      maxCallArguments: 8,
    },
  });
  environment
    .registerType('Principal', { ctor: CelPrincipal, fields: CEL_FIELDS.principal })
    .registerType('Database', { ctor: CelDatabase, fields: CEL_FIELDS.database })
    .registerType('Session', { ctor: CelSession, fields: CEL_FIELDS.session })
    .registerVariable('principal', 'Principal')
    .registerVariable('database', 'Database')
    .registerVariable('session', 'Session');
  if (scope === 'statement') {
    environment
      .registerType('Statement', { ctor: CelStatement, fields: CEL_FIELDS.statement })
      .registerType('Access', { ctor: CelAccess, fields: CEL_FIELDS.access })
      .registerVariable('statement', 'Statement')
      .registerVariable('access', 'Access');
  }
  environment.registerFunction('rematch(string, string): bool', (text: string, pattern: string) =>
    rematch(patterns, text, pattern),
  );
  return environment;
}

function rematch(patterns: ReadonlyMap<string, RE2JS>, text: string, pattern: string): boolean {
  const compiled = patterns.get(pattern);
  if (compiled === undefined) throw new RangeError('pattern was not compiled at load');
  if (text.length > CEL_LIMITS.textCharacters) throw new RangeError('text is too long');
  return compiled.matcher(text).find();
}

function compile(source: string, environment: Environment, patterns: Map<string, RE2JS>): CelResult {
  if (source.length > CEL_LIMITS.expressionCharacters) {
    return fault(
      0,
      `expression is too long: expected at most ${CEL_LIMITS.expressionCharacters} characters, got ${source.length}`,
    );
  }
  try {
    const program = environment.parse(source);
    const shape = inspect(program.ast, patterns);
    if (shape.fault !== undefined) return { ok: false, fault: shape.fault };
    const checked = program.check();
    if (!checked.valid) return fromError(checked.error);
    if (checked.type !== 'bool')
      return fault(0, `expression must be true or false, got \`${checked.type ?? 'nothing'}\``);
    if (program.ast.op === 'value')
      return fault(
        0,
        `expression is always \`${String(program.ast.args)}\``,
        'leave `when` out or remove the rule',
      );
    return {
      ok: true,
      expression: {
        source,
        readsClient: shape.readsClient,
        evaluate: (variables) => run(program, variables),
      },
    };
  } catch (error) {
    return fromError(error);
  }
}

function run(program: (context: object) => unknown, variables: CelVariables): boolean {
  const value = program(variables);
  if (typeof value !== 'boolean') throw new TypeError('expression did not give true or false');
  return value;
}

interface Shape {
  fault?: CelFault;
  readsClient: boolean;
}

const MACROS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);

function inspect(root: ASTNode, patterns: Map<string, RE2JS>): Shape {
  const shape: Shape = { readsClient: false };
  visit(root, 0, shape, patterns);
  return shape;
}

function visit(node: ASTNode, nesting: number, shape: Shape, patterns: Map<string, RE2JS>): void {
  if (shape.fault !== undefined) return;
  if (node.op === 'id' && node.args === 'session') shape.readsClient = true;
  if (
    node.op === '.' &&
    node.args[0].op === 'id' &&
    node.args[0].args === 'session' &&
    node.args[1] === 'tls'
  )
    return;
  let depth = nesting;
  if (node.op === 'rcall') {
    if (MACROS.has(node.args[0])) depth++;
    if (depth > CEL_LIMITS.macroNesting) {
      shape.fault = {
        offset: node.start,
        message: `macros nest too deeply: expected at most ${CEL_LIMITS.macroNesting}`,
      };
    } else if (node.args[0] === 'matches') {
      shape.fault = {
        offset: node.start,
        message: '`matches()` is not available',
        suggestion: 'use `rematch(text, "pattern")`',
      };
    } else if (node.args[0] === 'bind') {
      shape.fault = {
        offset: node.start,
        message: '`cel.bind()` is not available',
        suggestion: 'repeat the value',
      };
    }
  }
  if (node.op === 'call' && node.args[0] === 'rematch')
    addPattern(node.args[1][1], node.start, shape, patterns);
  for (const child of childrenOf(node.args)) visit(child, depth, shape, patterns);
}

function addPattern(
  pattern: ASTNode | undefined,
  offset: number,
  shape: Shape,
  patterns: Map<string, RE2JS>,
): void {
  if (pattern?.op !== 'value' || typeof pattern.args !== 'string') {
    shape.fault = {
      offset: pattern?.start ?? offset,
      message: 'the pattern of `rematch()` must be a literal text',
    };
    return;
  }
  if (pattern.args.length > CEL_LIMITS.patternCharacters) {
    shape.fault = {
      offset: pattern.start,
      message: `pattern is too long: expected at most ${CEL_LIMITS.patternCharacters} characters`,
    };
    return;
  }
  try {
    patterns.set(pattern.args, RE2JS.compile(pattern.args));
  } catch {
    shape.fault = {
      offset: pattern.start,
      message: 'pattern is not a valid RE2 expression',
      suggestion: 'no look-around and no back-references',
    };
  }
}

/** Every node below, in whatever arrays the library keeps them; an operator of a later version is walked too. */
function childrenOf(args: unknown): readonly ASTNode[] {
  if (Array.isArray(args)) return args.flatMap((item: unknown) => childrenOf(item));
  return isNode(args) ? [args] : [];
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}

function fault(offset: number, message: string, suggestion?: string): CelResult {
  return {
    ok: false,
    fault: suggestion === undefined ? { offset, message } : { offset, message, suggestion },
  };
}

function fromError(error: unknown): CelResult {
  const { summary, range } = error as {
    readonly summary?: unknown;
    readonly range?: { readonly start: number };
  };
  const text = typeof summary === 'string' ? summary : 'cannot be read';
  const words = text.charAt(0).toLowerCase() + text.slice(1).split('\n', 1)[0];
  return fault(range?.start ?? 0, `condition: ${words}`, suggestName(text));
}

function suggestName(text: string): string | undefined {
  const unknownVariable = /^Unknown variable: (\w+)$/.exec(text)?.[1];
  if (unknownVariable !== undefined) return nearest(unknownVariable, Object.keys(CEL_FIELDS));
  const missing = /^No such key: (\w+)$/.exec(text)?.[1];
  if (missing === undefined) return undefined;
  return nearest(
    missing,
    Object.values(CEL_FIELDS).flatMap((fields) => Object.keys(fields)),
  );
}

function nearest(word: string, words: readonly string[]): string {
  const near = suggest(word, words);
  return near === undefined ? `known names: ${[...new Set(words)].join(', ')}` : `did you mean \`${near}\`?`;
}

/** The library's own short code for a failed evaluation, without any value. */
export function celFailureCode(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === 'string' && /^[a-z_]{1,40}$/.test(code) ? code.replaceAll('_', '-') : 'failed';
}

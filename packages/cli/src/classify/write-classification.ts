import {
  chmodSync,
  existsSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { formatProblem, loadPolicies, type PolicySource, readPolicySources } from '@gatehouse/core';
import { GatewayError } from '@gatehouse/model';
import { addLabels, type ClassificationTarget, type LabelledColumn } from './classification-document.ts';

export interface Written {
  /** Whether the file stood there before; labels were added to it then. */
  readonly existed: boolean;
  /** Whether the policy folder holds the file, so that gateways read it. */
  readonly inForce: boolean;
}

/**
 * Adds labels to a file of policy documents, or makes it. The file is replaced at once, and only when the loader takes
 * it together with every other document of the policy folder. Throws `classification-refused` otherwise.
 */
export function writeClassification(
  file: string,
  policies: string,
  target: ClassificationTarget,
  columns: readonly LabelledColumn[],
): Written {
  const existed = existsSync(file);
  const path = existed ? realpathSync(file) : placeOf(file);
  const others = readPolicySources(policies).filter((source) => !isFile(policies, source, path));
  const name = freeName(target.name, others);
  const text = readAndAdd(path, existed, { ...target, name }, columns);
  const problems = check(path, text, others);
  if (problems !== undefined)
    throw new GatewayError('config', 'classification-refused', `\`${file}\` is not written: ${problems}`);
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}`);
  try {
    writeFileSync(draft, text, { flag: 'wx' });
    if (existed) chmodSync(draft, statSync(path).mode);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    const code = (error as NodeJS.ErrnoException).code ?? 'error';
    throw new GatewayError('config', 'classification-refused', `\`${file}\` cannot be written: ${code}`);
  }
  return {
    existed,
    inForce: readPolicySources(policies).some((source) => isFile(policies, source, path)),
  };
}

function placeOf(file: string): string {
  try {
    return join(realpathSync(dirname(file)), basename(file));
  } catch {
    throw new GatewayError(
      'config',
      'classification-refused',
      `\`${file}\` cannot be written: no such folder`,
    );
  }
}

/** Whether a document of the policy folder is that file, by whatever links. */
function isFile(policies: string, { file }: PolicySource, path: string): boolean {
  return realpathSync(join(policies, file)) === path;
}

function readAndAdd(
  path: string,
  existed: boolean,
  target: ClassificationTarget,
  columns: readonly LabelledColumn[],
): string {
  try {
    return addLabels(existed ? readFileSync(path, 'utf8') : '', target, columns);
  } catch (error) {
    const message = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new GatewayError('config', 'classification-refused', `\`${path}\` cannot be added to: ${message}`);
  }
}

/** The name, with a number behind it when a document of another file has it. */
function freeName(name: string, others: readonly PolicySource[]): string {
  const result = loadPolicies(others);
  const taken = new Set(
    result.ok ? result.set.classifications.map((classification) => classification.name) : [],
  );
  for (let count = 1; ; count++) {
    const candidate = count === 1 ? name : `${name}-${count}`;
    if (!taken.has(candidate)) return candidate;
  }
}

/** What is wrong with the policy folder once the file is in it, wherever the file really stands; undefined when nothing is. */
function check(path: string, text: string, others: readonly PolicySource[]): string | undefined {
  const result = loadPolicies([...others, { file: basename(path), text }]);
  return result.ok ? undefined : result.problems.slice(0, 5).map(formatProblem).join('; ');
}

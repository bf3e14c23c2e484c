/**
 * Everything that must hold of the sources, in one command, for people and CI alike.
 *
 *   node tools/check.mjs [--except STEP]...
 */
import { runChecks } from './check-steps.mjs';

const except = process.argv.slice(2).filter((arg) => arg !== '--except');
const failed = await runChecks({ except });
process.exitCode = failed.length === 0 ? 0 : 1;

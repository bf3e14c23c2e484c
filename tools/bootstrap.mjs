/**
 * What `npm start` and `npm test` call; needs nothing but Node and npm.
 *
 *   node tools/bootstrap.mjs start [ARGS]   install, build, then `gatehouse start ARGS`
 *   node tools/bootstrap.mjs test [ARGS]    install, build, system packages, check, all tests; ARGS go to vitest
 *   node tools/bootstrap.mjs build          install and build only
 *
 * With `--install-system` (or CI set) `test` installs the system packages that the tests need; see `system-packages.mjs`.
 * This file stays readable to old versions of Node, so that they can be told what is wrong.
 */
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(
    `gatehouse: Node ${process.versions.node} is too old, 20.19 or later is needed (24 LTS is recommended): https://nodejs.org\n`,
  );
  process.exit(1);
}
const { bootstrap } = await import('./bootstrap-steps.mjs');
process.exitCode = await bootstrap(process.argv.slice(2));

export { inspectCommand } from './inspect-command.ts';
export { createMongodbAdapter } from './mongodb-adapter.ts';

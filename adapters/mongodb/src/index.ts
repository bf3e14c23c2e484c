export { createMongodbAdapter } from './mongodb-adapter.ts';

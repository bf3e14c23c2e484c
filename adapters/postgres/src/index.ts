export { createPostgresAdapter } from './postgres-adapter.ts';

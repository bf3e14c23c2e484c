/** The shipper's thread from source: the loader that reads TypeScript has to be there before the program is imported. */
import { register } from 'tsx/esm/api';

register();
await import('./shipper-thread.ts');

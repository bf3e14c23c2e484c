import { describe, expect, it } from 'vitest';
import { createCatalogLoader } from './catalog-loader.ts';

describe('createCatalogLoader', () => {
  it('shares one load between callers that come during another one', async () => {
    let loads = 0;
    const holder = createCatalogLoader({ load: async () => ++loads, loaded: () => undefined });
    await Promise.all([holder.refresh(), holder.refresh(), holder.refresh()]);
    expect(loads).toBe(2);
    expect(holder.current()).toBe(2);
    expect(holder.revision).toBe(2);
  });

  it('keeps the last good catalog when a load fails and lets the next one try', async () => {
    let fail = false;
    const holder = createCatalogLoader({
      load: async () => {
        if (fail) throw new Error('gone');
        return 'good';
      },
      loaded: () => undefined,
    });
    await holder.refresh();
    fail = true;
    await expect(holder.refresh()).rejects.toThrow('gone');
    expect(holder.current()).toBe('good');
    fail = false;
    await holder.refresh();
    expect(holder.revision).toBe(2);
  });
});

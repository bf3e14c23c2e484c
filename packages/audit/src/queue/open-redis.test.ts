import { expect, test } from 'vitest';
import { assertRedisUrl, openRedis, wantedReplicas } from './open-redis.ts';

const BEHAVIOUR = {
  lazyConnect: true,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 1,
  retryStrategy: () => null,
} as const;

test('reads hosts, name, logins and TLS of Sentinels', () => {
  const url =
    'rediss+sentinel://ana:p%40ss@s1:1,[::1]:2,s3/main?db=3&sentinelUser=w&sentinelPassword=x&replicas=2';
  expect(openRedis(url, BEHAVIOUR).options).toMatchObject({
    sentinels: [
      { host: 's1', port: 1 },
      { host: '::1', port: 2 },
      { host: 's3', port: 26_379 },
    ],
    ...{ name: 'main', db: 3, username: 'ana', password: 'p@ss', tls: {}, enableTLSForSentinelMode: true },
    ...{ sentinelUsername: 'w', sentinelPassword: 'x', enableOfflineQueue: false },
  });
  expect(wantedReplicas(url)).toBe(2);
});

test('reads nodes and login of a cluster', () => {
  const client = openRedis('redis+cluster://:secret@n1:7001,n2', BEHAVIOUR);
  expect(client.isCluster).toBe(true);
  expect(client.options).toMatchObject({ redisOptions: { password: 'secret' }, enableOfflineQueue: false });
});

test('leaves the URL of a single server to the client, but for the replicas', () => {
  expect(openRedis('redis://u:p%3A@h:7/2?replicas=1', BEHAVIOUR).options).toMatchObject({
    ...{ host: 'h', port: 7, db: 2, username: 'u', password: 'p:' },
  });
  expect(wantedReplicas('redis://h:7/2?replicas=1')).toBe(1);
  expect(wantedReplicas('redis://h')).toBe(0);
});

test.each([
  'localhost:6379',
  'http://h',
  'redis+other://h/x',
  'redis+sentinel://h:1',
  'redis+sentinel://h:1/',
  'redis+sentinel:///main',
  'redis+sentinel://h:1,/main',
  'redis+sentinel://h:0/main',
  'redis+sentinel://h:65536/main',
  'redis+sentinel://h:1/main?sentinelPasword=x',
  'redis+sentinel://h:1/main?db=minus',
  'redis+sentinel://h:1/%zz',
  'redis+cluster://h:1/3',
  'redis+cluster://h:1?replicas=1',
  'redis://h?replicas=one',
  'redis://h:port',
])('refuses `%s` without repeating it', (url) => {
  const secret = url.replace('://', '://user:hunter2@');
  for (const one of [url, secret]) {
    expect(() => assertRedisUrl(one)).toThrowError(expect.objectContaining({ code: 'redis-url' }));
  }
  expect(() => assertRedisUrl(secret)).not.toThrowError(/hunter2/);
});

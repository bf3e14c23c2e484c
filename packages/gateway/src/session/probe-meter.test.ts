import type { CountedProbe, Principal } from '@gatehouse/model';
import { beforeEach, describe, expect, it } from 'vitest';
import { ProbeMeter } from './probe-meter.ts';

const MINUTE = 60_000;
const ann: Principal = { name: 'ann', kind: 'human', groups: [], claims: {} };
const probe = (field: string, perHour: number, guesses = 1): CountedProbe => ({
  object: { kind: 'relation', path: ['public', 'customers'] },
  field,
  rule: { policy: 'pii', rule: 'masks' },
  guesses,
  perHour,
});

describe('counted guesses at masked columns', () => {
  let now: number;
  let meter: ProbeMeter;

  beforeEach(() => {
    now = Date.UTC(2026, 0, 1, 10, 2);
    meter = new ProbeMeter(() => now);
  });

  const spend = (who: Principal, ...probes: CountedProbe[]) => meter.spend(who, probes)?.field ?? 'counted';

  it('allows as many as the mask says in an hour, and one more when the hour is over', () => {
    for (let guess = 0; guess < 3; guess += 1) expect(spend(ann, probe('email', 3))).toBe('counted');
    expect(spend(ann, probe('email', 3))).toBe('email');
    now += 59 * MINUTE;
    expect(spend(ann, probe('email', 3))).toBe('email');
    now += 6 * MINUTE;
    expect(spend(ann, probe('email', 3))).toBe('counted');
  });

  it('never lets more through in any hour, whenever they come', () => {
    const times: number[] = [];
    for (let minute = 0; minute < 600; minute += 1) {
      if (spend(ann, probe('email', 7)) === 'counted') times.push(minute);
      now += MINUTE;
    }
    expect(times.length).toBeGreaterThan(50);
    for (const start of times)
      expect(times.filter((minute) => minute >= start && minute < start + 60).length).toBeLessThanOrEqual(7);
  });

  it('counts columns and principals by themselves', () => {
    expect(spend(ann, probe('email', 1))).toBe('counted');
    expect(spend(ann, probe('phone', 1))).toBe('counted');
    expect(spend({ ...ann, name: 'bob' }, probe('email', 1))).toBe('counted');
    expect(spend(ann, probe('email', 1))).toBe('email');
  });

  it('counts the guesses of agents for the person they act for, too', () => {
    const agent = (name: string): Principal => ({
      name,
      kind: 'agent',
      groups: [],
      claims: {},
      actingFor: ann,
    });
    expect(spend(agent('a1'), probe('email', 2))).toBe('counted');
    expect(spend(agent('a2'), probe('email', 2))).toBe('counted');
    expect(spend(agent('a3'), probe('email', 2))).toBe('email');
    expect(spend(ann, probe('email', 2))).toBe('email');
  });

  it('counts nothing of a statement that is refused', () => {
    expect(spend(ann, probe('phone', 5), probe('email', 0))).toBe('email');
    for (let guess = 0; guess < 5; guess += 1) expect(spend(ann, probe('phone', 5))).toBe('counted');
  });

  it('counts every comparison of a statement', () => {
    expect(spend(ann, probe('email', 3, 2))).toBe('counted');
    expect(spend(ann, probe('email', 3, 2))).toBe('email');
  });

  it('forgets nothing when the clock is set back', () => {
    expect(spend(ann, probe('email', 1))).toBe('counted');
    now -= 120 * MINUTE;
    expect(spend(ann, probe('email', 1))).toBe('email');
  });
});

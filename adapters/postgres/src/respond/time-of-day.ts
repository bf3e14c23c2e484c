const DAY = 86_400_000_000n;

/** Microseconds of `HH:MM:SS` with an optional fraction. */
export function parseTime(text: string): bigint {
  const [hours = '0', minutes = '0', rest = '0'] = text.split(':');
  const [seconds = '0', fraction = ''] = rest.split('.');
  const whole = (BigInt(hours) * 60n + BigInt(minutes)) * 60n + BigInt(seconds);
  return whole * 1_000_000n + BigInt(fraction.padEnd(6, '0').slice(0, 6) || '0');
}

/** Writes microseconds as a time; what is before or behind the day is counted into it, but for 24:00 itself. */
export function formatTime(microseconds: bigint): string {
  const inDay = microseconds === DAY ? DAY : ((microseconds % DAY) + DAY) % DAY;
  const seconds = inDay / 1_000_000n;
  const parts = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n].map((part) =>
    String(part).padStart(2, '0'),
  );
  const fraction = inDay % 1_000_000n;
  return `${parts.join(':')}${formatFraction(fraction)}`;
}

/** The point and the digits of a part of a second, without zeros behind them; nothing for none. */
export function formatFraction(microseconds: bigint): string {
  return microseconds === 0n ? '' : `.${String(microseconds).padStart(6, '0')}`.replace(/0+$/, '');
}

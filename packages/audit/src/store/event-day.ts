/**
 * In which partition an event lies: the day of its time, UTC.
 *
 * A clock may be wrong. A time that is still to come is filed under tomorrow, so that a clock that
 * runs ahead neither makes thousands of partitions nor puts an event where retention never comes by;
 * a time before there was a Gatehouse is filed under the first day. Searches go by the time itself.
 */

/** No event is older. */
const FIRST_DAY = '2020-01-01';
const DAY_MS = 86_400_000;

/** Gives `2026-01-31` for an event's time; `latest` is the last day that may be, tomorrow. */
export function eventDay(at: string, latest: string): string {
  const day = at.slice(0, 10);
  if (day < FIRST_DAY) return FIRST_DAY;
  if (day > latest) return latest;
  return day;
}

/** The day after the one of a moment, in milliseconds since 1970. */
export function tomorrow(now: number): string {
  return dayAfter(dayOf(now));
}

export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

export function dayAfter(day: string, days = 1): string {
  return dayOf(Date.parse(day) + days * DAY_MS);
}

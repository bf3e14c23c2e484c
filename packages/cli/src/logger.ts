import { type Logger, pino } from 'pino';

/** The gateway's log: JSON lines on standard error, secrets never (they are not given to it, and known names are cut as a second line). */
export function createLogger(level: string): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: {
        paths: ['password', 'secret', 'token', '*.password', '*.secret', '*.token', 'err.context.password'],
        censor: '[redacted]',
      },
    },
    pino.destination({ fd: 2, sync: false }),
  );
}

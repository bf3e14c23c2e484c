/** Colours of a terminal, or none. */
export type Colour = 'red' | 'green' | 'yellow' | 'dim' | 'bold';
export type Paint = (colour: Colour, text: string) => string;

const CODES: Readonly<Record<Colour, number>> = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1 };

export function createPaint(coloured: boolean): Paint {
  return coloured ? (colour, text) => `\x1b[${CODES[colour]}m${text}\x1b[0m` : (_colour, text) => text;
}

/** The colour of what somebody should look at: refused and failed red, in between yellow, fine green. */
export function verdictColour(verdict: string): Colour {
  if (['permit', 'ok', 'accepted', 'sent'].includes(verdict)) return 'green';
  return ['approve', 'cut', 'cancelled'].includes(verdict) ? 'yellow' : 'red';
}

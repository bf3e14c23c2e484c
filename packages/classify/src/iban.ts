import { remainder } from './check-digits.ts';
import type { ValueDetector } from './detector.ts';

/** Length of a country's IBAN. Source: SWIFT's IBAN registry (ISO 13616-2). */
const LENGTHS: ReadonlyMap<string, number> = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ' +
    'ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 ' +
    'LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 ' +
    'PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

const FORM = /^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/;
const WITHIN = /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])/g;

/** International bank account numbers (ISO 13616): a country of the registry, its length, and the two check digits (ISO/IEC 7064 MOD 97-10). */
export const IBAN: ValueDetector = {
  finds: 'IBAN',
  label: 'pii.iban',
  chance: 0.011,
  enough: 0.25,
  judge(value) {
    const text = value.replace(/ /g, '').toUpperCase();
    if (!FORM.test(text)) return 'other';
    return LENGTHS.get(text.slice(0, 2)) === text.length && hasCheckDigits(text) ? 'match' : 'near';
  },
  isWithin(text) {
    for (const [found] of text.matchAll(WITHIN)) if (IBAN.judge(found) === 'match') return true;
    return false;
  },
};

function hasCheckDigits(iban: string): boolean {
  const turned = iban.slice(4) + iban.slice(0, 4);
  return (
    remainder(
      turned.replace(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55)),
      97,
    ) === 1
  );
}

import type { ValueDetector } from './detector.ts';

const FORM = /^[A-Z]{2}\d{6}[A-Z]$/;
const VALID = /^(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]$/;

/** UK national insurance numbers, by the letters that may stand in them (HMRC, National Insurance Manual NIM39110). */
export const UK_NATIONAL_INSURANCE_NUMBER: ValueDetector = {
  finds: 'UK national insurance number',
  label: 'pii.national-id',
  chance: 0.09,
  enough: 0.25,
  judge(value) {
    const text = value.replace(/[ -]/g, '').toUpperCase();
    if (!FORM.test(text)) return 'other';
    return VALID.test(text) ? 'match' : 'near';
  },
};

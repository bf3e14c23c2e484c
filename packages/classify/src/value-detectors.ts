import type { ValueDetector } from './detector.ts';
import { EMAIL_ADDRESS } from './email-address.ts';
import { FRENCH_SOCIAL_SECURITY_NUMBER } from './french-social-security-number.ts';
import { GERMAN_TAX_ID } from './german-tax-id.ts';
import { IBAN } from './iban.ts';
import { IP_ADDRESS } from './ip-address.ts';
import { ITALIAN_FISCAL_CODE } from './italian-fiscal-code.ts';
import { JSON_WEB_TOKEN } from './json-web-token.ts';
import { PAYMENT_CARD } from './payment-card.ts';
import { PHONE_NUMBER } from './phone-number.ts';
import { SERVICE_KEY } from './service-key.ts';
import { SPANISH_IDENTITY_NUMBER } from './spanish-identity-number.ts';
import { UK_NATIONAL_INSURANCE_NUMBER } from './uk-national-insurance-number.ts';
import { US_SOCIAL_SECURITY_NUMBER } from './us-social-security-number.ts';

/** Every detector of values. */
export const VALUE_DETECTORS: readonly ValueDetector[] = [
  EMAIL_ADDRESS,
  PHONE_NUMBER,
  PAYMENT_CARD,
  IBAN,
  US_SOCIAL_SECURITY_NUMBER,
  UK_NATIONAL_INSURANCE_NUMBER,
  FRENCH_SOCIAL_SECURITY_NUMBER,
  SPANISH_IDENTITY_NUMBER,
  ITALIAN_FISCAL_CODE,
  GERMAN_TAX_ID,
  JSON_WEB_TOKEN,
  SERVICE_KEY,
  IP_ADDRESS,
];

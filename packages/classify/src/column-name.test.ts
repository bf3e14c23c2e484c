import { describe, expect, test } from 'vitest';
import { judgeName } from './column-name.ts';

const labelsOf = (name: string, container = 'things') =>
  judgeName(container, name.split('.')).map(({ label }) => label);

describe('what the name of a column says', () => {
  test.each([
    ['email', 'pii.email'],
    ['customerEmail', 'pii.email'],
    ['CUSTOMER_EMAIL_ADDRESS', 'pii.email'],
    ['e-mails.emailAddress', 'pii.email'],
    ['phone_number', 'pii.phone'],
    ['homePhone', 'pii.phone'],
    ['SSN', 'pii.national-id'],
    ['national_id', 'pii.national-id'],
    ['codice_fiscale', 'pii.national-id'],
    ['taxId', 'pii.tax-id'],
    ['steuer_id', 'pii.tax-id'],
    ['card_number', 'pii.card'],
    ['ccNum', 'pii.card'],
    ['iban', 'pii.iban'],
    ['dob', 'pii.birth-date'],
    ['dateOfBirth', 'pii.birth-date'],
    ['geburtsdatum', 'pii.birth-date'],
    ['first_name', 'pii.name'],
    ['Prénom', 'pii.name'],
    ['street', 'pii.address'],
    ['Straße', 'pii.address'],
    ['shipping_address', 'pii.address'],
    ['base_salary', 'pii.income'],
    ['clientIP', 'pii.ip'],
    ['password_hash', 'secret'],
    ['apiKey', 'secret'],
    ['refresh_token', 'secret'],
  ])('knows %s', (name, label) => expect(labelsOf(name)).toEqual([label]));

  test.each([
    'id',
    'email_verified',
    'email_sent_at',
    'emailCount',
    'card_brand',
    'card_type',
    'phone_model',
    'address_id',
    'mac_address',
    'password_changed_at',
    'token_count',
    'token_type',
    'birthplace',
    'birth_weight',
    'ip_range',
    'zip_file',
    'name',
    'company',
    'cardinality',
    'streetcar',
    'secretary',
    'emailer',
    'scorecard',
    'hospital',
    '__proto__',
    'constructor',
    '',
  ])('makes nothing of %j', (name) => expect(labelsOf(name)).toEqual([]));

  test('takes a name for a person where people are', () => {
    expect(labelsOf('name', 'customers')).toEqual(['pii.name']);
    expect(labelsOf('customer.name', 'tickets')).toEqual(['pii.name']);
    expect(labelsOf('name', 'products')).toEqual([]);
    expect(labelsOf('file.name', 'customers')).toEqual([]);
  });

  test('stays quick for a name without end', () => expect(labelsOf('a_B'.repeat(100_000))).toEqual([]));
});

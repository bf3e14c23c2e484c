/**
 * Names, addresses and numbers that look real and belong to nobody.
 *
 * Mail goes to the domains kept for examples, telephone numbers come from the ranges kept for films,
 * card numbers begin with a test range and pass the Luhn check, IBANs pass their check digits with a bank
 * that does not exist, national ids use a range that is not given out.
 */
import type { Random } from './random.ts';

export interface Person {
  readonly fullName: string;
  readonly email: string;
  readonly phone: string;
  readonly birthDate: string;
  readonly nationalId: string;
}

const GIVEN = [
  'Ada',
  'Amélie',
  'Anna',
  'Aylin',
  'Björn',
  'Carlos',
  'Chiara',
  'Daniel',
  'Deniz',
  'Elif',
  'Emma',
  'Erik',
  'Fatima',
  'Francesca',
  'Grace',
  'Hannah',
  'Hiroshi',
  'Ingrid',
  'Ivan',
  'Jack',
  'Jakub',
  'Jörg',
  'José',
  'Karin',
  'Lars',
  'Leila',
  'Lin',
  'Lucía',
  'Maja',
  'Marco',
  'Marie',
  'Mehmet',
  'Mia',
  'Mohamed',
  'Nadia',
  'Noah',
  'Oksana',
  'Olivia',
  'Omar',
  'Paula',
  'Peter',
  'Priya',
  'Rahul',
  'Rosa',
  'Samuel',
  'Sara',
  'Seán',
  'Siobhán',
  'Sofia',
  'Søren',
  'Tariq',
  'Thomas',
  'Tomáš',
  'Ulrike',
  'Viktor',
  'Wei',
  'Yuki',
  'Zoë',
] as const;
const FAMILY = [
  'Almeida',
  'Andersson',
  'Baker',
  'Bauer',
  'Bianchi',
  'Brown',
  'Çelik',
  'Chen',
  'Costa',
  'da Silva',
  'Díaz',
  'Dubois',
  'Eriksen',
  'Fischer',
  'García',
  'Haddad',
  'Hansen',
  'Horvat',
  'Ivanova',
  'Janssen',
  'Kaya',
  'Keller',
  'Khan',
  'Kowalska',
  'Larsen',
  'Le Roux',
  'Lehmann',
  'Lindqvist',
  'Lopez',
  'Martin',
  'Moreau',
  'Müller',
  'Nakamura',
  'Nguyen',
  'Novák',
  "O'Brien",
  "O'Neill",
  'Okafor',
  'Öztürk',
  'Papadopoulos',
  'Patel',
  'Petrov',
  'Quinn',
  'Rossi',
  'Sato',
  'Schneider',
  'Schäfer',
  'Sharma',
  'Singh',
  'Smith',
  'Svensson',
  'Tanaka',
  'van den Berg',
  'Vogel',
  'Walker',
  'Weiß',
  'Wójcik',
  'Yılmaz',
  'Zhang',
  'Zimmermann',
] as const;
const MAIL_DOMAINS = [
  'example.com',
  'example.org',
  'example.net',
  'mail.example.com',
  'post.example.org',
] as const;
const STREETS = [
  'Station Road',
  'High Street',
  'Mill Lane',
  'Church Street',
  'Hauptstraße',
  'Lindenallee',
  'Rue Victor Hugo',
  'Rue de la Paix',
  'Calle Mayor',
  'Via Roma',
  'Corso Italia',
  'Storgatan',
  'Kirkegata',
  'Nieuwstraat',
  'Rua Augusta',
  'Kastanienweg',
  'Park Avenue',
  'Harbour View',
] as const;
export const PLACES = [
  { city: 'London', country: 'GB', postal: 'EC1A ' },
  { city: 'Manchester', country: 'GB', postal: 'M4 ' },
  { city: 'Berlin', country: 'DE', postal: '101' },
  { city: 'München', country: 'DE', postal: '803' },
  { city: 'Köln', country: 'DE', postal: '506' },
  { city: 'Paris', country: 'FR', postal: '750' },
  { city: 'Lyon', country: 'FR', postal: '690' },
  { city: 'Madrid', country: 'ES', postal: '280' },
  { city: 'Málaga', country: 'ES', postal: '290' },
  { city: 'Milano', country: 'IT', postal: '201' },
  { city: 'Amsterdam', country: 'NL', postal: '10' },
  { city: 'København', country: 'DK', postal: '21' },
  { city: 'Malmö', country: 'SE', postal: '211' },
  { city: 'Lisboa', country: 'PT', postal: '110' },
  { city: 'Dublin', country: 'IE', postal: 'D02 ' },
  { city: 'Zürich', country: 'CH', postal: '80' },
] as const;

/** A person; `number` makes the mail address unique. */
export function createPerson(random: Random, number: number): Person {
  const given = random.pick(GIVEN);
  const family = random.pick(FAMILY);
  const year = random.between(1940, 2006);
  return {
    fullName: `${given} ${family}`,
    email: `${asciiName(given)}.${asciiName(family)}${number}@${random.pick(MAIL_DOMAINS)}`,
    phone: createPhone(random),
    birthDate: `${year}-${twoDigits(random.between(1, 12))}-${twoDigits(random.between(1, 28))}`,
    nationalId: `9${random.digits(2)}-${twoDigits(random.between(10, 49))}-${random.digits(4)}`,
  };
}

/** Numbers from the ranges that regulators keep for films and books. */
function createPhone(random: Random): string {
  return random.pick([
    () => `+1 202 555 01${random.digits(2)}`,
    () => `+44 20 7946 0${random.digits(3)}`,
    () => `+44 7700 900${random.digits(3)}`,
    () => `+49 30 23125 ${random.digits(3)}`,
    () => `+33 1 99 00 ${random.digits(2)} ${random.digits(2)}`,
  ])();
}

export function createStreet(random: Random): string {
  return `${random.pick(STREETS)} ${random.between(1, 240)}`;
}

export function createPostalCode(random: Random, place: (typeof PLACES)[number]): string {
  return place.postal.endsWith(' ')
    ? `${place.postal}${random.between(1, 9)}AB`
    : `${place.postal}${random.digits(5 - place.postal.length)}`;
}

const CARD_BRANDS = [
  { brand: 'visa', prefix: '400000', length: 16 },
  { brand: 'mastercard', prefix: '555555', length: 16 },
  { brand: 'amex', prefix: '378282', length: 15 },
] as const;

/** A card of a test range; the last digit makes the Luhn sum right. */
export function createCard(random: Random): { readonly number: string; readonly brand: string } {
  const { brand, prefix, length } = random.pick(CARD_BRANDS);
  const body = prefix + random.digits(length - prefix.length - 1);
  let sum = 0;
  for (let index = 0; index < body.length; index++) {
    const digit = Number(body[body.length - 1 - index]);
    const doubled = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += index % 2 === 0 ? doubled : digit;
  }
  return { number: `${body}${(10 - (sum % 10)) % 10}`, brand };
}

/** A German IBAN of a bank code that is not given out; the two check digits are right (ISO 7064). */
export function createIban(random: Random): string {
  const account = `99999999${random.digits(10)}`;
  const remainder = BigInt(`${account}131400`) % 97n;
  return `DE${twoDigits(Number(98n - remainder))}${account}`;
}

/** A day and time in the two years that the demo covers. */
export function createMoment(random: Random): Date {
  return new Date(Date.UTC(2025, 0, 1) + random.between(0, 680 * 86_400) * 1000);
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

function asciiName(name: string): string {
  return name
    .replace(/ß/g, 'ss')
    .replace(/[øØ]/g, 'o')
    .replace(/ł/g, 'l')
    .replace(/ı/g, 'i')
    .normalize('NFD')
    .replace(/[^a-zA-Z]/g, '')
    .toLowerCase();
}

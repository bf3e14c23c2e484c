/**
 * What the name of a column says about its values.
 *
 * A name is taken apart into words (`customerEmail`, `CUSTOMER_EMAIL`, `customer-email` are `customer`, `email`),
 * and runs of up to three words are looked up together, so that `birthdate` and `birth_date` are the same.
 * Words beside the found ones may say that the column is *about* such a value and holds none: `email_verified`,
 * `card_brand`, `address_id`.
 */

/** What values have to be like for the name to be believed. */
export type Expected = 'text' | 'words' | 'number' | 'date' | 'any';

export interface NameFinding {
  readonly label: string;
  /** How sure the name alone makes, from 0 to 1. */
  readonly sure: number;
  readonly expected: Expected;
  /** A detector of values knows this kind, so values that it does not know speak against the name. */
  readonly isCheckable: boolean;
}

interface NameRule extends NameFinding {
  readonly words: readonly string[];
  /** Words that, beside the found ones, make it something else. */
  readonly unless?: readonly string[];
}

const list = (text: string): readonly string[] => text.split(' ');

/** Words after which a column is about a value and does not hold it. */
const ABOUT: ReadonlySet<string> = new Set(
  list(
    'id ids uuid count counter total at on verified verification confirmed confirmation valid validated invalid sent ' +
      'enabled disabled status state type kind brand issuer domain template subject flag is has allow allowed length ' +
      'expiry expires expired expiration ttl version format pattern required changed updated created reset label ' +
      'preference preferences provider campaign opt optin optout consent subscribed bounced country locale',
  ),
);

const RULES: readonly NameRule[] = [
  {
    label: 'pii.email',
    sure: 0.9,
    expected: 'text',
    isCheckable: true,
    words: list('email emails emailaddress mailaddress mailadresse correo courriel'),
  },
  { label: 'pii.email', sure: 0.5, expected: 'text', isCheckable: true, words: ['mail'] },
  {
    label: 'pii.phone',
    sure: 0.9,
    expected: 'any',
    isCheckable: true,
    words: list(
      'phone phones telephone phonenumber telephonenumber mobile mobilephone mobilenumber cellphone msisdn telefon telefono ' +
        'handy telnr telno faxnumber homephone workphone',
    ),
    unless: list('app device os platform model website url'),
  },
  { label: 'pii.phone', sure: 0.45, expected: 'any', isCheckable: true, words: list('tel fax cell') },
  {
    label: 'pii.national-id',
    sure: 0.85,
    expected: 'any',
    isCheckable: false,
    words: list(
      'ssn socialsecurity socialsecuritynumber nationalid nationalidnumber nationalidentity nationalinsurance ' +
        'nationalinsurancenumber nino nir dni nie nif codicefiscale personalid personalnumber personnummer bsn pesel cpf ' +
        'aadhaar passport passportnumber passportno identitycard identitynumber idcardnumber driverlicense driverslicense ' +
        'drivinglicence licensenumber',
    ),
  },
  {
    label: 'pii.tax-id',
    sure: 0.85,
    expected: 'any',
    isCheckable: false,
    words: list('taxid taxnumber taxno taxpayerid vatid vatnumber vatno steuerid steuernummer ustid tin'),
  },
  {
    label: 'pii.card',
    sure: 0.9,
    expected: 'any',
    isCheckable: true,
    words: list(
      'cardnumber cardno cardnum creditcard creditcardnumber debitcard ccnumber ccnum kartennummer',
    ),
  },
  { label: 'pii.card', sure: 0.45, expected: 'any', isCheckable: true, words: list('card pan cc') },
  { label: 'pii.card', sure: 0.85, expected: 'any', isCheckable: false, words: list('cvv cvc cvv2 cvc2') },
  { label: 'pii.iban', sure: 0.95, expected: 'text', isCheckable: true, words: list('iban ibannumber') },
  {
    label: 'pii.bank-account',
    sure: 0.7,
    expected: 'any',
    isCheckable: false,
    words: list('bankaccount bankaccountnumber accountnumber routingnumber sortcode kontonummer'),
  },
  {
    label: 'pii.birth-date',
    sure: 0.9,
    expected: 'date',
    isCheckable: false,
    words: list(
      'birth birthdate birthday dateofbirth dob born geburtsdatum geburtstag datenaissance fechanacimiento',
    ),
    unless: list('place city town name weight certificate rate'),
  },
  {
    label: 'pii.name',
    sure: 0.85,
    expected: 'words',
    isCheckable: false,
    words: list(
      'firstname lastname fullname surname forename givenname familyname middlename maidenname fname lname vorname nachname ' +
        'prenom apellido apellidos cognome cardholder cardholdername accountholder contactname customername employeename ' +
        'patientname personname studentname guestname passengername recipientname sendername authorname realname',
    ),
  },
  {
    label: 'pii.name',
    sure: 0.45,
    expected: 'words',
    isCheckable: false,
    words: list('username displayname nickname'),
  },
  {
    label: 'pii.address',
    sure: 0.85,
    expected: 'words',
    isCheckable: false,
    words: list(
      'street streetaddress streetname postaladdress homeaddress billingaddress shippingaddress deliveryaddress addressline ' +
        'address1 address2 addressline1 strasse adresse direccion indirizzo',
    ),
  },
  {
    label: 'pii.address',
    sure: 0.7,
    expected: 'words',
    isCheckable: false,
    words: list('address addr'),
    unless: list('email mail e ip mac web url wallet host server memory contract network remote client'),
  },
  {
    label: 'pii.address',
    sure: 0.5,
    expected: 'any',
    isCheckable: false,
    words: list('postalcode postcode zip zipcode plz'),
    unless: list('file archive path'),
  },
  {
    label: 'pii.income',
    sure: 0.85,
    expected: 'number',
    isCheckable: false,
    words: list('salary salaries wage wages income annualincome grosspay netpay gehalt salaire compensation'),
    unless: list('tax statement report category'),
  },
  {
    label: 'pii.ip',
    sure: 0.8,
    expected: 'text',
    isCheckable: true,
    words: list('ip ipaddress ipaddr ipv4 ipv6 clientip remoteip remoteaddr remoteaddress sourceip'),
    unless: list('range network subnet'),
  },
  {
    label: 'secret',
    sure: 0.9,
    expected: 'text',
    isCheckable: false,
    words: list(
      'password passwords passwd pwd passwordhash hashedpassword encryptedpassword passwort kennwort passphrase secret secrets ' +
        'clientsecret apikey apikeys apisecret secretkey privatekey accesskey accesskeyid accesstoken refreshtoken ' +
        'sessiontoken authtoken bearertoken credentials totpsecret otpsecret recoverycode recoverycodes',
    ),
  },
  {
    label: 'secret',
    sure: 0.7,
    expected: 'text',
    isCheckable: false,
    words: list('token tokens credential otp jwt'),
  },
];

/** `name` alone says nothing; in a table or below a field of people it does. */
const PEOPLE: ReadonlySet<string> = new Set(
  list(
    'customer client user person people employee contact patient agent member author subscriber guest student teacher ' +
      'passenger driver buyer seller owner recipient sender applicant candidate resident tenant visitor staff',
  ),
);
const NAME_OF_PERSON: NameFinding = { label: 'pii.name', sure: 0.75, expected: 'words', isCheckable: false };

const MAX_WORDS = 12;

/** The words of a name, in lower case and without accents. */
function wordsOf(name: string): readonly string[] {
  return name
    .slice(0, 200)
    .replace(/(\p{Ll}|\d)(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu}+)(\p{Lu}\p{Ll})/gu, '$1 $2')
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/ß/g, 'ss')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
    .slice(0, MAX_WORDS);
}

/**
 * What the name says, the surest finding per label. `path` is the column's name, or the parts of a document path;
 * `container` the table or collection.
 */
export function judgeName(container: string, path: readonly string[]): readonly NameFinding[] {
  const words = wordsOf(path.at(-1) ?? '');
  const found: NameFinding[] = RULES.filter((rule) => isSaidBy(rule, words));
  if (isNameOfPerson(container, path.slice(0, -1), words)) found.push(NAME_OF_PERSON);
  const best = new Map<string, NameFinding>();
  for (const each of found) if (each.sure > (best.get(each.label)?.sure ?? 0)) best.set(each.label, each);
  return [...best.values()];
}

function isSaidBy(rule: NameRule, words: readonly string[]): boolean {
  for (let from = 0; from < words.length; from++) {
    for (let to = from + 1; to <= Math.min(words.length, from + 3); to++) {
      if (!rule.words.includes(words.slice(from, to).join(''))) continue;
      const beside = [...words.slice(0, from), ...words.slice(to)];
      if (!beside.some((word) => ABOUT.has(word) || rule.unless?.includes(word) === true)) return true;
    }
  }
  return false;
}

function isNameOfPerson(container: string, parents: readonly string[], words: readonly string[]): boolean {
  if (words.length !== 1 || words[0] !== 'name') return false;
  const around = parents.length > 0 ? wordsOf(parents.at(-1)!) : wordsOf(container);
  const last = around.at(-1) ?? '';
  return PEOPLE.has(last) || PEOPLE.has(last.replace(/s$/, ''));
}

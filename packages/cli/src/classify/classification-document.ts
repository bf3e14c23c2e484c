/**
 * Adds labels to a file of policy documents, in the form of `kind: classification`.
 *
 * Nothing that stands in the file is taken away: a document of the right name gets further entries, otherwise one is
 * put behind the others. Names are patterns there, so signs of patterns in names become `?`, which matches more.
 */
import {
  type Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  parseAllDocuments,
  type YAMLMap,
  Document as YamlDocument,
} from 'yaml';

export interface LabelledColumn {
  readonly namespace: string;
  readonly table: string;
  readonly field: string;
  readonly label: string;
}

export interface ClassificationTarget {
  /** Name of the classification. */
  readonly name: string;
  /** The database as the configuration names it. */
  readonly database: string;
}

/** The text of the file with the labels in it. Throws when the text is no YAML. */
export function addLabels(
  text: string,
  { name, database }: ClassificationTarget,
  columns: readonly LabelledColumn[],
): string {
  const documents = documentsOf(text);
  let target = documents.find(
    (document) => document.get('kind') === 'classification' && document.get('name') === name,
  );
  if (target === undefined) {
    target = new YamlDocument({
      kind: 'classification',
      name,
      databases: { names: [patternOf(database)] },
      objects: {},
    });
    if (documents.length === 0) target.commentBefore = HEADER;
    documents.push(target);
  }
  if (!isMap(target.get('objects'))) target.set('objects', target.createNode({}));
  const objects = target.get('objects') as YAMLMap;
  for (const column of columns) addLabel(target, objects, column);
  return documents.map((document, index) => format(document, index > 0)).join('');
}

const HEADER = ' Written by `gatehouse classify` from what somebody accepted; edit it as you like.';

function documentsOf(text: string): Document[] {
  const documents = text.trim() === '' ? [] : [...parseAllDocuments(text)];
  for (const { errors } of documents) if (errors[0] !== undefined) throw errors[0];
  if (documents.some(({ contents }) => !isMap(contents)))
    throw new TypeError('expected documents that are mappings');
  return documents as Document[];
}

function addLabel(document: Document, objects: YAMLMap, column: LabelledColumn): void {
  const objectKey = keyIn(objects, objectPattern(column));
  if (!isMap(objects.get(objectKey))) objects.set(objectKey, document.createNode({}));
  const fields = objects.get(objectKey) as YAMLMap;
  const fieldKey = keyIn(fields, fieldPattern(column.field));
  const standing = fields.get(fieldKey, true);
  const labels = labelsAt(standing);
  if (labels.includes(column.label)) return;
  const all = [...labels, column.label];
  const node = document.createNode(all.length === 1 ? column.label : all, { flow: true });
  if (isNode(standing) && standing.comment) node.comment = standing.comment;
  fields.set(fieldKey, node);
}

function labelsAt(node: unknown): readonly string[] {
  if (isScalar(node)) return typeof node.value === 'string' ? [node.value] : [];
  return isSeq(node) ? (node.toJSON() as unknown[]).filter((item) => typeof item === 'string') : [];
}

/** The key as it stands in the file; case is ignored in classifications. */
function keyIn(map: YAMLMap, key: string): string {
  const standing = map.items.map((pair) => (isScalar(pair.key) ? pair.key.value : pair.key));
  return (
    standing
      .filter((each) => typeof each === 'string')
      .find((each) => each.toLowerCase() === key.toLowerCase()) ?? key
  );
}

/** The pattern of an object: the first dot ends the namespace, so a dot inside it becomes `?`. */
function objectPattern({ namespace, table }: LabelledColumn): string {
  return `${patternOf(namespace).replaceAll('.', '?')}.${patternOf(table)}`;
}

/** A wildcard may stand only in the last part; there is none above it, because names of documents with wildcards are no paths. */
function fieldPattern(field: string): string {
  return patternOf(field);
}

function patternOf(name: string): string {
  return name.replaceAll('*', '?');
}

function format(document: Document, separated: boolean): string {
  if (document.directives) document.directives.docStart = separated ? true : document.directives.docStart;
  return document.toString({ lineWidth: 0 });
}

/** The schema of a store as it was before there were partitions. */
export const OLD_STORE: readonly string[] = [
  `create table gatehouse_audit_events (
    id bigint generated always as identity,
    node text not null,
    seq bigint not null,
    at timestamptz not null,
    kind text not null,
    request text,
    session text,
    who text,
    database text,
    objects text[] not null,
    action text,
    effect text,
    rule text,
    result text,
    code text,
    verb text,
    text text,
    line text not null,
    facts tsvector not null default '',
    primary key (node, seq)
  )`,
  'create unique index gatehouse_audit_events_id on gatehouse_audit_events (id)',
  'create index gatehouse_audit_events_at on gatehouse_audit_events using brin (at) with (autosummarize = on)',
  'create index gatehouse_audit_events_request on gatehouse_audit_events (request) where request is not null',
  'create index gatehouse_audit_events_facts on gatehouse_audit_events using gin (facts)',
];

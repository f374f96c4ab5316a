-- The organisation's keys that others check signatures with. Private keys aren't here.
create table keys (
    id           text   not null primary key,   -- purpose/first digits of the fingerprint
    purpose      text   not null,               -- 'log': signs checkpoints and seals; 'package': signs manifests
    public       text   not null,               -- 'log': as notes write keys; 'package': the certificate, PEM
    fingerprint  text   not null,               -- SHA-256, hexadecimal: of the 32 bytes of an Ed25519 key, of a certificate's DER
    begun_us     bigint not null,
    ended_us     bigint null,                   -- followed by another, or revoked
    why          text   not null,
    ended_why    text   null
);

create index keys_purpose on keys (purpose, begun_us);

-- What changed in tables that keep the present alone, written by their triggers in the same transaction. A row goes when the log's records have it.
create table changes (
    id       bigint not null primary key,
    at_us    bigint not null,
    source   text   not null,                   -- the table
    subject  text   not null,                   -- its key
    act      text   not null,                   -- found, made, changed, removed
    body     text   not null                    -- JSON of what may be told; never a secret
);

-- Tables whose changes are written, and what of them: its text changes with the program.
create table changes_watched (
    source      text not null primary key,
    definition  text not null
);

-- Logs of this node that were lost, with what their leaves stood for.
create table log_records_lost (
    origin     text   not null,
    leaf       bigint not null,
    kind       text   not null,
    reference  text   not null,
    at         bigint not null,
    salt       blob   not null,
    record     text   not null,
    primary key (origin, leaf)
);

create index log_records_kind on log_records (kind, at);

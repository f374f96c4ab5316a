-- What the leaves of the log stand for: row n is leaf n, and may wait for its leaf. Without its row a leaf says nothing any more.
create table log_records (
    leaf       bigint not null primary key,
    kind       text   not null,
    reference  text   not null,     -- what it is about, once for each kind
    at         bigint not null,
    salt       blob   not null,
    record     text   not null      -- JSON, to the byte as the leaf commits to it
);

create unique index log_records_reference on log_records (kind, reference);

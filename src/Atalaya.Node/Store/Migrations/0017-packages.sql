-- Evidence packages: footage of several cameras with all that proves it, as one file.
create table packages (
    id              text   not null primary key,
    title           text   not null,
    incident        text   null,
    stretches       text   not null,    -- JSON, as the API shows them
    recipients      text   not null,    -- age recipients, separated by spaces; empty: not encrypted
    language        text   not null,
    state           text   not null,
    message         text   null,
    created_at      bigint not null,
    finished_at     bigint null,
    file_name       text   null,
    bytes           bigint null,
    sha256          text   null,
    manifest_sha256 text   null,
    log_key         text   null,
    gaps            bigint not null default 0,
    holds           text   not null default '',     -- ids of those that keep the footage while it is prepared, separated by commas
    user_id         text   not null,
    user_name       text   not null,
    purpose         text   not null,
    reference       text   not null,
    agreed_id       text   not null default '',
    agreed_name     text   not null default '',
    agreed_at       bigint null
);

create index packages_created on packages (created_at);

-- Packages handed to somebody outside, by a link.
create table releases (
    id              text   not null primary key,
    token           text   not null,            -- SHA-256 of what stands in the link
    package         text   not null,            -- gone when its time is over; what follows stays
    title           text   not null,
    file_name       text   not null,
    bytes           bigint not null,
    sha256          text   not null,
    log_key         text   not null,
    encrypted       bigint not null,
    cameras         text   not null,            -- ids, separated by commas
    stretch_from    bigint not null,
    stretch_to      bigint not null,
    recipient       text   not null,
    organisation    text   not null,
    legal_basis     text   not null,
    note            text   not null,
    user_id         text   not null,
    user_name       text   not null,
    purpose         text   not null,
    reference       text   not null,
    agreed_id       text   not null,            -- of the second person; empty: nobody had to agree
    agreed_name     text   not null,
    created_at      bigint not null,
    expires_at      bigint not null,
    revoked_at      bigint null,
    revoked_by      text   not null default '',
    revoked_why     text   not null default ''
);

create unique index releases_token on releases (token);

-- Each time the file was asked for through a link. Written before the first byte goes out.
create table release_fetches (
    id              text   not null primary key,
    release_id      text   not null,
    at              bigint not null,
    address         text   not null,
    agent           text   not null,
    first_byte      bigint not null,
    ended_at        bigint null,
    is_whole        bigint not null default 0   -- all that was asked for was sent
);

create index release_fetches_release on release_fetches (release_id, at);

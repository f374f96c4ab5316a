-- Agreements with partner organisations: every version, with what was signed of it.
create table agreements (
    link            text   not null,            -- the partner's
    id              text   not null,            -- of the document, the same in all versions
    version         bigint not null,
    digest          text   not null,            -- SHA-256 of the document, hexadecimal
    document        text   not null,            -- canonical JSON
    note            text   not null,            -- signed note with the signatures so far
    state           text   not null,            -- Draft, Offered, Received, Binding
    own             text   not null,            -- this organisation, as the document calls it
    other           text   not null,
    written_at      bigint not null,            -- here, or when it came
    written_by      text   not null,            -- empty: the partner
    signed_at       bigint null,                -- here
    signed_by       text   not null default '',
    bound_at        bigint null,                -- when the second signature was there
    denunciation    text   not null default '', -- signed note
    denounced_by    text   not null default '', -- person here; the partner's organisation
    last_day        text   not null default '', -- by the denunciation
    primary key (link, id, version)
);

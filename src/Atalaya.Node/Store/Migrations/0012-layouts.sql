-- Walls that somebody arranged, and tours through them: each its owner's alone, or everybody's.
create table layouts (
    id          text   not null primary key,
    kind        text   not null,                -- layout or tour
    owner       text   not null references users (id) on delete cascade,
    shared      bigint not null,
    name        text   not null,
    content     text   not null,                -- JSON: size and tiles, or steps
    version     bigint not null,
    changed_at  bigint not null
);

create index layouts_owner on layouts (owner, kind);

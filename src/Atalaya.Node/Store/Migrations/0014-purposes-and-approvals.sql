-- Why somebody looked, and what an access is about that concerns no camera.
alter table accesses add column purpose text not null default '';
alter table accesses add column reference text not null default '';
alter table accesses add column detail text not null default '';

-- Whose export it is, and for what.
alter table node_export add column user_id text not null default '';
alter table node_export add column user_name text not null default '';
alter table node_export add column purpose text not null default '';
alter table node_export add column reference text not null default '';

-- For what a session or token looks back just now: given once, good for a stretch of time.
create table purposes (
    credential  text   not null primary key,    -- SHA-256 of the cookie's value or of the token
    purpose     text   not null,
    reference   text   not null,
    given_at    bigint not null,
    until       bigint not null
);

-- What somebody asked to do that a second person has to agree to.
create table approvals (
    id            text   not null primary key,
    action        text   not null,
    digest        text   not null,              -- of exactly what was asked
    user_id       text   not null,
    user_name     text   not null,
    cameras       text   not null,              -- ids, separated by commas
    stretch_from  bigint null,
    stretch_to    bigint null,
    detail        text   not null,
    purpose       text   not null,
    reference     text   not null,
    state         text   not null,
    asked_at      bigint not null,
    expires_at    bigint not null,
    decided_by    text   not null,
    decided_name  text   not null,
    decided_at    bigint null,
    reason        text   not null,
    used_at       bigint null
);

create index approvals_state on approvals (state, expires_at);
create index approvals_user on approvals (user_id, digest);

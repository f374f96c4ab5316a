-- Who looked at what: one row for each live view, each stretch that was played without a pause, each export and file taken.
create table accesses (
    id         bigint not null primary key,
    user_id    text   not null,
    user_name  text   not null,                 -- as it was: names outlive accounts
    token      text   not null,                 -- first digits of the API token's id; empty: the page
    address    text   not null,
    camera     text   not null,
    kind       text   not null,
    stretch_from  bigint null,                  -- of the footage; null: live
    stretch_to    bigint null,
    begun_at   bigint not null,
    ended_at   bigint null                      -- null: it goes on, or the node was killed meanwhile
);

create index accesses_begun on accesses (begun_at, id);

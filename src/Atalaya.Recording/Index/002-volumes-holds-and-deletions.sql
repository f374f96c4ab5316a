-- Where a segment's file lies. What was recorded before there were several volumes is on the one that was there.
alter table segments add column volume text not null default 'archive';

-- Retention asks for the oldest of a volume, and for sums, without reading the rows.
create index segments_volume on segments (volume, camera, stream, start_us, end_us, bytes);

-- Which archive this index belongs to, and which disks. One row in the first.
create table archive (
    id text not null primary key
);
create table volumes (
    name       text   not null primary key,
    id         text   not null,
    created_us bigint not null
);

-- Files that are no footage: no longer, or not yet. Whoever finds a row removes the file, then the row. Before a file goes, its row is durable.
create table deletions (
    camera   text   not null,
    stream   text   not null,
    start_us bigint not null,
    volume   text   not null,
    primary key (volume, camera, stream, start_us)
);

-- Ended ones stay, as a record.
create table holds (
    id         text   not null primary key,
    cameras    text   not null,     -- ids, separated by commas
    stream     text,                -- null: both
    from_us    bigint not null,
    to_us      bigint,              -- null: until it ends
    reason     text   not null,
    owner      text   not null,
    created_us bigint not null,
    expires_us bigint,
    ended_us   bigint,
    ended_by   text                 -- who released it, or 'expiry'
);

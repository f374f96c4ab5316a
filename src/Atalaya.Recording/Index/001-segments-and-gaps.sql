-- Times are microseconds since 1970 (UTC), media times 90 kHz ticks. Common subset of SQLite and PostgreSQL.
create table segments (
    camera         text    not null,
    stream         text    not null,    -- main, sub
    start_us       bigint  not null,
    end_us         bigint  not null,
    run            bigint  not null,    -- start of the run's first segment, milliseconds
    sequence       integer not null,
    bytes          bigint  not null,
    media_start    bigint  not null,
    media_duration bigint  not null,
    init_bytes     integer not null,
    codecs         text    not null,
    width          integer not null,
    height         integer not null,
    frames         integer not null,
    sha256         text    not null,
    end_reason     text    not null,
    points         bytea   not null,    -- see AccessPoints; SQLite stores a blob whatever the type is called
    primary key (camera, stream, start_us)
);

-- A day's coverage is read from this index alone, without the rows.
create index segments_coverage on segments (camera, stream, start_us, end_us);

create table gaps (
    camera  text   not null,
    stream  text   not null,
    from_us bigint not null,
    to_us   bigint,                     -- null while it lasts
    cause   text   not null,
    detail  text   not null,
    primary key (camera, stream, from_us)
);

-- How each camera is analysed, where it differs from the options.
create table analysis_cameras (
    camera      text   not null primary key,
    settings    text   not null,    -- JSON
    changed_at  bigint not null
);

-- Stretches in which a camera wasn't analysed though it was to be, or was switched off.
create table analysis_blind (
    camera    text   not null,
    from_us   bigint not null,
    to_us     bigint null,          -- null: it goes on
    cause     text   not null,
    detail    text   not null,
    primary key (camera, from_us)
);

-- One row: when a node last said that it was alive. What lies between that and its next start nobody saw.
create table analysis_alive (
    id     bigint not null primary key,
    at_us  bigint not null
);

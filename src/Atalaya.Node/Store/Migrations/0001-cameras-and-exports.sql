-- Cameras added through the API. What could open a camera (addresses and credentials) is in `connection`, encrypted.
create table node_camera (
    id         text   not null primary key,
    name       text   not null,
    enabled    bigint not null,
    transport  text   not null,
    record     text   not null,
    connection text   not null,
    changed_at bigint not null      -- microseconds since 1970 UTC, as all times here
);

create table node_export (
    id           text   not null primary key,
    camera       text   not null,
    stream       text   not null,
    time_from    bigint not null,
    time_to      bigint not null,
    state        text   not null,
    reason       text   null,
    created_at   bigint not null,
    finished_at  bigint null,
    file_name    text   null,
    bytes        bigint null,
    sha256       text   null,
    gaps         text   not null    -- JSON, as the API shows them
);

create index node_export_created on node_export (created_at);

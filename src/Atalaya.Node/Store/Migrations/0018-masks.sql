-- Privacy masks of each camera, version by version; the newest is in force, also where it has none. Of a camera that was removed they stay, as its footage does.
create table camera_masks (
    camera   text   not null,
    version  bigint not null,
    at       bigint not null,
    by_id    text   not null,
    by_name  text   not null,
    masks    text   not null,       -- JSON: [{id, name, reason, kind, points: [[x, y], …]}, …]
    primary key (camera, version)
);

-- Footage that was made from recorded footage and left the node, or may: which segments it was made from, and what was done.
create table derived_footage (
    sha256   text   not null primary key,
    at       bigint not null,
    why      text   not null,       -- mask, redaction
    what     text   not null,
    sources  text   not null        -- JSON: [{camera, stream, start, end, sha256}, …]
);

-- The version of the masks that an export has painted in; 0: none.
alter table node_export add column masks bigint not null default 0;

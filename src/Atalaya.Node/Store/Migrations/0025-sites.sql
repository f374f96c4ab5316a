-- At a centre: what its sites told of themselves.
create table sites (
    link            text   not null primary key,
    report          text   not null,            -- JSON
    reported_at     bigint not null,            -- by the site's clock
    received_at     bigint not null,
    cameras_digest  text   not null default ''  -- of the list of cameras that is in force; its pages are below
);

create table site_camera_pages (
    link            text   not null,
    digest          text   not null,
    page            bigint not null,
    pages           bigint not null,
    body            text   not null,            -- JSON
    primary key (link, digest, page)
);

-- Alarms and incidents as they are at their site; they are changed there alone.
create table site_alarms (
    link            text   not null,
    id              text   not null,
    site_change     bigint not null,            -- the site's change number
    severity        bigint not null,
    is_open         bigint not null,
    camera          text   not null,
    kind            text   not null,
    at              bigint not null,
    last_at         bigint not null,
    body            text   not null,            -- JSON
    change_number   bigint not null,            -- this node's own
    primary key (link, id)
);

create index site_alarms_open on site_alarms (severity, at) where is_open = 1;
create index site_alarms_change on site_alarms (change_number);

create table site_incidents (
    link            text   not null,
    id              text   not null,
    site_change     bigint not null,
    severity        bigint not null,
    is_open         bigint not null,
    opened_at       bigint not null,
    closed_at       bigint null,
    body            text   not null,            -- JSON
    change_number   bigint not null,
    primary key (link, id)
);

create index site_incidents_open on site_incidents (severity, opened_at) where is_open = 1;
create index site_incidents_change on site_incidents (change_number);

-- What somebody here wanted done at a site, and what became of it.
create table site_deeds (
    id              text   not null primary key,
    link            text   not null,
    subject         text   not null,            -- id of the alarm or incident
    body            text   not null,            -- JSON
    by_name         text   not null,
    at              bigint not null,
    answered_at     bigint null,
    refusal         text   null                 -- null while it waits, and when it was done
);

create index site_deeds_subject on site_deeds (link, subject, at);

-- At a site: how far its centre knows it, and which incidents the centre has.
create table centre_cursors (
    link            text   not null primary key,
    change_number   bigint not null default 0,
    cameras_digest  text   not null default ''
);

create table incident_custody (
    incident        text   not null primary key,
    holder          text   not null,
    epoch           bigint not null,
    by_name         text   not null,
    at              bigint not null
);

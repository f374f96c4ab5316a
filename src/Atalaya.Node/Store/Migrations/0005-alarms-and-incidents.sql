-- What a scene event's rule says that it is about, and what policy made of it. An event is written as pending and decided once, in order of arrival.
alter table scene_events add column type text null;
alter table scene_events add column severity text null;
alter table scene_events add column arrived bigint not null default 0;
alter table scene_events add column pending bigint not null default 0;     -- 1: waits; 2: couldn't be decided
alter table scene_events add column verdict text null;
alter table scene_events add column clause text null;
alter table scene_events add column because text null;
alter table scene_events add column reason text null;
alter table scene_events add column alarm text null;

create index scene_events_pending on scene_events (arrived, id) where pending = 1;
create index scene_events_alarm on scene_events (alarm, at) where alarm is not null;

-- One row. Whoever changes an alarm or an incident takes the next number first: changes are seen in the order of their numbers.
create table case_counter (
    id  bigint not null primary key,
    n   bigint not null
);

insert into case_counter (id, n) values (1, 0);

create table alarms (
    id               text   not null primary key,    -- of the scene event that raised it
    type             text   not null,
    severity         bigint not null,                -- 0: rescue, so that lists begin with it
    state            text   not null,
    is_open          bigint not null,
    camera           text   not null,
    cameras          text   not null,                -- JSON
    rule             text   not null,
    kind             text   not null,
    class            text   null,
    detail           text   not null,
    at               bigint not null,
    last_at          bigint not null,
    raised_at        bigint not null,
    events           bigint not null,
    clause           text   not null,
    acknowledged_by  text   null,
    acknowledged_at  bigint null,
    assignee         text   null,
    level            bigint not null,
    due              bigint null,
    outcome          text   null,
    closed_by        text   null,
    closed_at        bigint null,
    incident         text   null,
    version          bigint not null,
    change_number    bigint not null
);

create index alarms_queue on alarms (severity, at, id) where is_open = 1;
create index alarms_raised on alarms (raised_at, id);
create index alarms_closed on alarms (closed_at) where closed_at is not null;
create index alarms_due on alarms (due) where due is not null;
create index alarms_incident on alarms (incident) where incident is not null;
create index alarms_changed on alarms (change_number);

-- Which cameras are in an alarm, with the alarm's first moment: what a new event might belong to is found by these.
create table alarm_cameras (
    alarm   text   not null,
    camera  text   not null,
    at      bigint not null,
    primary key (alarm, camera)
);

create index alarm_cameras_at on alarm_cameras (camera, at);

create table alarm_steps (
    alarm       text   not null,
    version     bigint not null,
    from_state  text   not null,
    to_state    text   not null,
    act         text   not null,
    by_whom     text   not null,
    at          bigint not null,
    to_whom     text   null,
    outcome     text   null,
    note        text   not null,
    primary key (alarm, version)
);

-- What lists show of an incident; the truth are its events.
create table incidents (
    id             text   not null primary key,
    type           text   not null,
    severity       bigint not null,
    state          text   not null,
    is_open        bigint not null,
    title          text   not null,
    assignee       text   null,
    opened_at      bigint not null,
    changed_at     bigint not null,
    due            bigint null,
    closed_at      bigint null,
    version        bigint not null,
    change_number  bigint not null
);

create index incidents_queue on incidents (severity, opened_at, id) where is_open = 1;
create index incidents_opened on incidents (opened_at, id);
create index incidents_closed on incidents (closed_at) where closed_at is not null;
create index incidents_due on incidents (due) where due is not null;
create index incidents_changed on incidents (change_number);

create table incident_events (
    incident  text   not null,
    number    bigint not null,
    body      text   not null,      -- JSON
    primary key (incident, number)
);

-- Every policy there ever was; the one with the highest version is in force.
create table alarm_policies (
    version  bigint not null primary key,
    at       bigint not null,
    by_whom  text   not null,
    body     text   not null        -- JSON
);

create table alarm_disarmings (
    id        text   not null primary key,
    camera_group text null,         -- null: the site
    from_us   bigint not null,
    until_us  bigint null,
    by_whom   text   not null,
    reason    text   not null,
    ended_by  text   null
);

create table alarm_suppressions (
    id        text   not null primary key,
    from_us   bigint not null,
    until_us  bigint not null,
    body      text   not null       -- JSON
);

create table handovers (
    id       text   not null primary key,
    at       bigint not null,
    by_whom  text   not null,
    from_us  bigint not null,
    to_us    bigint not null,
    note     text   not null
);

create index handovers_at on handovers (at);

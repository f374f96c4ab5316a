-- What rules, cameras' own analytics, sensors and other systems reported. Never who somebody is.
create table scene_events (
    id        text   not null primary key,
    camera    text   not null,
    at        bigint not null,      -- when it happened in the picture
    kind      text   not null,
    source    text   not null,
    rule      text   not null,
    class     text   null,
    track     bigint null,
    box       text   null,          -- left, top, width, height as fractions, separated by spaces
    score     double precision null,
    detail    text   not null
);

create index scene_events_at on scene_events (at, id);
create index scene_events_camera on scene_events (camera, at, id);

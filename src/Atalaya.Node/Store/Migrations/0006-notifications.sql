-- Who is told of alarms, and by which way.
create table notification_channels (
    id          text   not null primary key,
    body        text   not null,    -- JSON, without secrets
    secret      text   null,        -- encrypted
    version     bigint not null,
    changed_at  bigint not null
);

-- What is to be told: written in the transaction that raises or escalates, gone some time after it was delivered.
create table notification_outbox (
    id           text   not null primary key,
    channel      text   not null,
    item         text   not null,   -- alarm, version and occasion: the same is told once to each channel
    occasion     text   not null,
    severity     bigint not null,
    level        bigint not null,
    body         text   not null,   -- JSON of the alarm as it was
    state        text   not null,   -- waiting, sent, dead
    attempts     bigint not null,
    next_at      bigint not null,
    created_at   bigint not null,
    sent_at      bigint null,
    fault        text   null,
    unique (channel, item)
);

create index notification_outbox_due on notification_outbox (severity, next_at) where state = 'waiting';
create index notification_outbox_created on notification_outbox (created_at);

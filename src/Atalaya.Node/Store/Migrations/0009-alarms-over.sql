-- A site may be disarmed alone.
alter table alarm_disarmings add column site text null;

-- The trouble that an alarm is about has ended.
alter table alarms add column over_at bigint null;

-- To whom alone, of those that a channel reaches: a browser.
alter table notification_outbox add column target text null;

-- Browsers that asked to be told. Gone when their push service says so.
create table push_subscriptions (
    id          text   not null primary key,
    user_id     text   not null,
    name        text   not null,        -- the device, as its owner calls it
    endpoint    text   not null unique, -- at the browser's push service
    p256dh      text   not null,        -- its public key and secret, base64url (RFC 8291)
    auth        text   not null,
    created_at  bigint not null,
    told_at     bigint null
);

create index push_subscriptions_user on push_subscriptions (user_id);

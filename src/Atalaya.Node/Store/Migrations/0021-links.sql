-- Links to other nodes. What changes here gets a leaf in the log.
create table links (
    id              text   not null primary key,    -- 16 hexadecimal digits, the same at both ends
    kind            text   not null,                -- what the other node is to this one
    state           text   not null,
    organisation    text   not null,
    site            text   not null,
    log_key         text   not null,
    link_key        text   not null,                -- SubjectPublicKeyInfo, base64
    card            text   not null,                -- as its log's key signed it
    told            text   not null default '',     -- what this node's own card said when it was shown there last
    address         text   not null,                -- HOST:PORT to dial; empty: it dials
    digits          text   not null,                -- to be compared by two people
    created_at      bigint not null,
    created_by      text   not null,
    confirmed_at    bigint null,
    confirmed_by    text   not null default '',
    ended_at        bigint null,
    why             text   not null default ''      -- of its end, or of its suspension
);

-- How far each lane has come, both ways.
create table link_lanes (
    link            text   not null,
    lane            bigint not null,
    sent_number     bigint not null default 0,
    sent_hash       text   not null default '',     -- base64; empty: none yet
    acked_number    bigint not null default 0,
    received_number bigint not null default 0,
    received_hash   text   not null default '',
    primary key (link, lane)
);

-- What the other side hasn't confirmed yet, signed and ready.
create table link_outbox (
    link            text   not null,
    lane            bigint not null,
    number          bigint not null,
    kind            text   not null,
    at              bigint not null,
    signature       text   not null,                -- base64
    body            text   not null,                -- the signed bytes, UTF-8
    primary key (link, lane, number)
);

-- Invitations that wait for somebody to join.
create table link_invitations (
    id              text   not null primary key,
    secret          text   not null,                -- base64
    kind            text   not null,                -- what who joins will be to this node
    note            text   not null,
    created_at      bigint not null,
    created_by      text   not null,
    expires_at      bigint not null,
    link            text   not null default ''      -- who joined by it
);

-- Messages that were refused, by this end or by the other one.
create table link_refusals (
    id              text   not null primary key,
    link            text   not null,
    direction       text   not null,                -- in: refused here, out: refused there
    lane            bigint not null,
    number          bigint not null,
    kind            text   not null,
    at              bigint not null,
    reason          text   not null,
    clause          text   not null
);

create index link_refusals_link on link_refusals (link, lane, number);

-- What came over links, or tried to, and isn't what an honest node sends. The same again within an hour is counted, not written anew.
create table link_faults (
    id              text   not null primary key,
    link            text   not null,                -- empty: nobody that is known
    address         text   not null,
    what            text   not null,
    detail          text   not null,
    at              bigint not null,
    last_at         bigint not null,
    times           bigint not null
);

create index link_faults_at on link_faults (at);

-- Files that another node may fetch over its link, by their ids.
create table link_files (
    id              text   not null primary key,
    link            text   not null,
    subject         text   not null,            -- what it belongs to, such as grant/<id>; may be empty
    path            text   not null,
    name            text   not null,
    bytes           bigint not null,
    sha256          text   not null,
    until_us        bigint null                 -- null: until it is withdrawn
);

create index link_files_subject on link_files (subject);

-- What this organisation lets another have, and what it was let have.
create table share_grants (
    id              text   not null primary key,
    direction       text   not null,            -- given, received
    link            text   not null,
    state           text   not null,
    document        text   not null,            -- the disclosure 'given': what its owner signs
    needed          bigint not null,
    persons         text   not null,            -- ids of those who agreed, parted by commas
    user_id         text   not null,
    user_name       text   not null,
    agreed_name     text   not null,
    review_due      bigint null,
    review_closed   bigint null,
    review_by       text   not null default '',
    review_right    bigint not null default 0,
    review_note     text   not null default '',
    asked_us        bigint not null,
    given_us        bigint null,
    expires_us      bigint not null,
    ended_us        bigint null,
    why             text   not null default '',
    source          text   not null default '', -- what a file is made from: id of a package, or the stream
    card            text   null,                -- JSON of an incident card, while it is kept
    file_state      text   not null,
    file_fault      text   not null default '',
    file_id         text   not null default ''  -- by which the receiver fetches it
);

create index share_grants_state on share_grants (state, expires_us);

-- What either side stated, signed. Without a note: it is about to be signed and sent.
create table share_documents (
    id              text   not null,
    ours            bigint not null,
    grant_id        text   not null,
    act             text   not null,
    at_us           bigint not null,
    body            text   not null,
    digest          text   not null,
    note            text   null,
    primary key (id, ours)
);

create index share_documents_grant on share_documents (grant_id, at_us);

-- Somebody here looked at another organisation's live pictures: answered with a receipt when its owner says that they were sent.
create table share_views (
    id              text   not null primary key,
    grant_id        text   not null,
    at_us           bigint not null,
    user_name       text   not null
);

create table hand_overs (
    id              text   not null primary key,
    direction       text   not null,            -- given, received
    link            text   not null,
    incident        text   not null,            -- the owner's id
    title           text   not null,
    rescue          bigint not null,
    note            text   not null,
    card_grant      text   not null,            -- ids of grants; empty: none
    live_grant      text   not null,
    cap             text   null,                -- CAP 1.2, of a rescue
    sent_us         bigint not null,
    due_us          bigint not null,            -- to be acknowledged by then
    user_name       text   not null,
    acknowledged_us bigint null,
    acknowledged_by text   not null default '',
    escalated_us    bigint null,                -- nobody acknowledged it in time
    closed_us       bigint null,
    outcome         text   not null default '',
    closed_note     text   not null default ''
);

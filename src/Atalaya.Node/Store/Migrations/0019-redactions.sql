-- Drafts of release copies and the copies made from them. What was found, and what a person made of it, is in the plan; it goes with the draft.
create table redactions (
    id           text   not null primary key,
    camera       text   not null,
    stream       text   not null,
    time_from    bigint not null,
    time_to      bigint not null,
    search       text   not null,   -- JSON: what was looked for
    state        text   not null,
    message      text   null,
    revision     bigint not null,   -- of the plan; rises with every change
    plan         text   not null,   -- JSON, as the API takes it
    created_at   bigint not null,
    changed_at   bigint not null,
    finished_at  bigint null,
    file_name    text   null,
    bytes        bigint null,
    sha256       text   null,
    pictures     bigint null,
    sources      text   not null default '[]',  -- JSON: the recorded files it was made from, with their digests
    gaps         text   not null default '[]',
    user_id      text   not null,
    user_name    text   not null,
    purpose      text   not null,
    reference    text   not null,
    made_by      text   not null default '',    -- who asked for the copy
    made_name    text   not null default '',
    agreed       text   not null default ''     -- the agreement that was used, if one was needed
);

create index redactions_created on redactions (created_at);

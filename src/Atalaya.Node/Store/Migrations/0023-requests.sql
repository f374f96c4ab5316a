-- What two organisations do to one case, requests and joint operations alike: each side's steps as they were taken and sent.
create table story_steps (
    story        text   not null,               -- of the case: 32 hexadecimal digits
    side         bigint not null,               -- 0: who began it
    number       bigint not null,               -- from 1, without holes, of each side
    seen         bigint not null,               -- how many of the other side's its author knew
    at_us        bigint not null,               -- on the author's clock
    by_name      text   not null,
    kind         text   not null,               -- of the message that carried it
    deed         text   not null,               -- JSON; the words stay out of the log
    sha256       text   not null,               -- of the deed: the same on both sides
    here_us      bigint not null,               -- when it was written here
    message      bigint not null,               -- its number in the lane it went out by; 0: it came in
    primary key (story, side, number)
);

-- Requests of either side. What stands here is what their steps made of them.
create table requests (
    id           text   not null primary key,
    link         text   not null,
    ours         bigint not null,               -- 1: this organisation asks
    kind         text   not null,
    urgency      text   not null,
    rescue       bigint not null,
    subject      text   not null,
    state        text   not null,
    asked_us     bigint not null,
    due_us       bigint null,                   -- null: a clarification is awaited
    left_us      bigint not null,               -- what was left for the answer when the clock last stopped
    changed_us   bigint not null,
    steps        bigint not null,
    overdue_us   bigint null                    -- when this node saw that nobody had answered in time
);

create index requests_state on requests (state, due_us);
create index requests_changed on requests (changed_us);

-- Documents that go with a step. The bytes are files of the node.
create table request_files (
    id           text   not null primary key,
    request      text   null,                   -- null: brought here, and not sent with anything yet
    link         text   not null,               -- whom it goes to, or came from
    ours         bigint not null,
    name         text   not null,
    bytes        bigint not null,
    sha256       text   not null,
    user_name    text   not null,
    created_us   bigint not null,
    here         bigint not null,               -- 1: the bytes are here
    fault        text   null                    -- why they aren't
);

create index request_files_request on request_files (request);

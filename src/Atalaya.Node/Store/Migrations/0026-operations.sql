-- Joint operations. What stands here is what their steps (story_steps) made of them.
create table operations (
    id           text   not null primary key,
    link         text   not null,
    ours         bigint not null,               -- 1: this organisation proposed it
    title        text   not null,
    state        text   not null,
    start_us     bigint not null,
    end_us       bigint not null,
    changed_us   bigint not null,
    steps        bigint not null,
    settled_us   bigint null                    -- when this node had closed what it opened
);

create index operations_end on operations (settled_us, end_us);

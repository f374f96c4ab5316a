-- When somebody last signed in, and who signs in at the OpenID provider.
alter table users add column signed_in_at bigint null;
alter table users add column open_id bigint not null default 0;    -- 1: the provider may say that somebody is this user

-- What the provider calls a user for good (OpenID Connect Core 5.7): names there can change hands, this doesn't.
create table user_logins (
    issuer   text not null,
    subject  text not null,
    user_id  text not null unique references users (id) on delete cascade,
    primary key (issuer, subject)
);

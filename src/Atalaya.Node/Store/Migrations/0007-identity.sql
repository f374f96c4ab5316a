-- Who may use the node. Nothing here signs anyone in: passwords are hashes, session and token ids are digests of secrets that only their owners have.
create table users (
    id             text   not null primary key,
    name           text   not null,
    name_key       text   not null unique,      -- the name without case
    full_name      text   not null,
    password_hash  text   null,
    stamp          text   not null,
    two_factor     bigint not null,
    authenticator  text   null,                 -- the TOTP secret, encrypted
    recovery       text   not null,             -- digests of the recovery codes that are left, separated by semicolons
    disabled       bigint not null,
    created_at     bigint not null
);

create table user_passkeys (
    credential  text   not null primary key,    -- base64url
    user_id     text   not null references users (id) on delete cascade,
    data        text   not null,                -- JSON: public key, counter, flags
    name        text   not null,
    created_at  bigint not null
);

-- Roles of one's own; those that come with the program are in its code.
create table roles (
    id           text   not null primary key,
    name         text   not null,
    permissions  text   not null,               -- names, separated by spaces
    past_days    bigint null
);

create table grants (
    user_id     text not null references users (id) on delete cascade,
    role        text not null,
    scope_kind  text not null,
    scope_id    text not null,
    primary key (user_id, role, scope_kind, scope_id)
);

create table sessions (
    id          text   not null primary key,    -- SHA-256 of the cookie's value
    user_id     text   not null references users (id) on delete cascade,
    created_at  bigint not null,
    seen_at     bigint not null,
    method      text   not null,
    address     text   not null,
    agent       text   not null
);

create table api_tokens (
    id           text   not null primary key,   -- SHA-256 of the token
    user_id      text   not null references users (id) on delete cascade,
    name         text   not null,
    permissions  text   null,                   -- null: all that its owner has
    created_at   bigint not null,
    expires_at   bigint null,
    used_at      bigint null
);

-- One-time links: for the first administrator (no user), and for a user to choose a password.
create table start_codes (
    id          text   not null primary key,    -- SHA-256 of the code
    user_id     text   null references users (id) on delete cascade,
    expires_at  bigint not null
);

-- The site and groups that a camera belongs to; kept when it is removed, for its footage.
create table camera_scopes (
    camera         text not null primary key,
    site           text not null,
    camera_groups  text not null                -- separated by commas
);

-- At a centre: what several sites are to have in common.
create table templates (
    id              text   not null primary key,
    name            text   not null,
    body            text   not null,            -- YAML
    digest          text   not null,
    changed_at      bigint not null,
    changed_by      text   not null
);

-- At a centre: a template at one site.
create table template_offers (
    id              text   not null primary key,
    template        text   not null,
    name            text   not null,
    digest          text   not null,
    link            text   not null,
    state           text   not null,
    reason          text   not null default '',
    revision        text   not null default '', -- of the site's configuration that it was tried with
    tried           text   null,                -- JSON: what the dry run said
    offered_by      text   not null,
    offered_at      bigint not null,
    confirmed_by    text   not null default '',
    recalled_by     text   not null default '',
    changed_at      bigint not null
);

create index template_offers_link on template_offers (link, template, offered_at);

-- At a site: templates that came from its centre.
create table centre_templates (
    id              text   not null primary key,
    link            text   not null,
    name            text   not null,
    body            text   not null,
    digest          text   not null,
    state           text   not null,
    reason          text   not null default '',
    revision        text   not null default '',
    tried           text   null,
    before_body     text   null,                -- the configuration as it was before it was applied
    after_revision  text   not null default '',
    offered_by      text   not null,
    confirmed_by    text   not null default '',
    recalled_by     text   not null default '',
    came_at         bigint not null,
    changed_at      bigint not null
);

-- At a site: whether templates of its centre are taken; no row: they are.
create table centre_template_rule (
    id              bigint not null primary key,
    accepts         bigint not null,
    by_name         text   not null,
    at              bigint not null
);

-- How the other node's log_key came to be: the statements by which earlier ones were followed, as log/keys has them.
alter table links add column keys text not null default '';

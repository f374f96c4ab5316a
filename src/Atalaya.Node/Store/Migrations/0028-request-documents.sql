-- Documents of requests lie in the data folder under keys of their own; the keys are kept here, sealed with the node's.
alter table request_files add column sealed_key text null;

-- When the first byte of it went to the other side, and when that had it whole.
alter table request_files add column sent_us bigint null;
alter table request_files add column arrived_us bigint null;

-- When somebody was told that little is left for an answer; null: not yet.
alter table requests add column soon_us bigint null;

-- Offices that whoever agrees must hold, one a line; an agreement names them.
alter table approvals add column offices text not null default '';

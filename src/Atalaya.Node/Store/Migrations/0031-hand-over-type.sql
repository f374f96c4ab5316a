-- Of the incident that is handed over, as its owner said; empty: they didn't.
alter table hand_overs add column type text not null default '';

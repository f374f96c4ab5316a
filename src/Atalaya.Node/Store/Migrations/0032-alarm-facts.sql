-- JSON: what the sentence of a kind is made of, by name; null: there is none.
alter table scene_events add column facts text;
alter table alarms add column facts text;

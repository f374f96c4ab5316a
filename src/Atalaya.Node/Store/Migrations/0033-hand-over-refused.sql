-- The other side's node didn't take what was handed over: when that was told, why, and which clause it named.
alter table hand_overs add column refused_us bigint null;
alter table hand_overs add column refused_why text not null default '';
alter table hand_overs add column refused_clause text not null default '';

-- Why a hold was released; null of one in force, of one that expired, and of those released before anybody was asked.
alter table holds add column ended_why text;

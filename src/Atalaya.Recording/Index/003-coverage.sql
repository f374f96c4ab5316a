-- What is recorded, merged: a row for each stretch without a gap, so that a month is read in as many rows as it has gaps. Derived from segments
-- and changed in the same transaction; SegmentIndex.RebuildCoverage makes it again.
create table coverage (
    camera   text   not null,
    stream   text   not null,
    start_us bigint not null,
    end_us   bigint not null,
    primary key (camera, stream, start_us)
);

insert into coverage (camera, stream, start_us, end_us)
select camera, stream, min(start_us), max(end_us)
from (
    select camera, stream, start_us, end_us, sum(fresh) over (partition by camera, stream order by start_us) as island
    from (
        select camera, stream, start_us, end_us,
            case when start_us <= max(end_us) over (
                partition by camera, stream order by start_us rows between unbounded preceding and 1 preceding) then 0 else 1 end as fresh
        from segments) marked) islands
group by camera, stream, island;

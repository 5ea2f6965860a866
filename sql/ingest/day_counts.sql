-- How many rows there are of each source and day. Grain: source, day.
select staged.source, staged.occurred_at::date as day, count(*) as event_count from staged group by all order by all

-- How many events each day has. Grain: day.
select events.occurred_at::date as day, count(*) as event_count from events group by all order by day

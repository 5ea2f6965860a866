-- How many kept rows there are of each source and day. Grain: source, day.
select staged.source, staged.occurred_at::date as day, count(*) as event_count
from staged
semi join kept on staged.rowid = kept.staged_id
group by all
order by all

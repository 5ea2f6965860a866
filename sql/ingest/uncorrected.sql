-- Events of the lake that have no addendum, where the batch brings the same event with one. Grain: event_key.
select events.event_key, events.filename
from read_parquet($files, filename = true, hive_partitioning = false) as events
semi join addenda using (event_key)
where not has_addendum(events.raw)

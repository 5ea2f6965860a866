-- The files of the lake that hold gathered events whose record is missing. Grain: file. A key is a number and soon read, where an
-- id is text; files that may hold events without one are among them.
with wanted as (select gathered.event_key from gathered where gathered.raw is null and gathered.occurred_at >= $raw_from)

select window_files.filename as file
from window_files
semi join wanted on window_files.event_key = wanted.event_key
union
select window_files.filename as file
from window_files
where window_files.event_key is null

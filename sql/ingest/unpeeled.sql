-- The records of files in which some record has no known source, in reading order. Grain: one landed record.
select
    landed_records.rowid as outer_id,
    landed_records.*,
    landed_records.source is null and landed_records.problem is null as is_unknown
from landed_records
where
    landed_records.source_file
    in (select unknown.source_file from landed_records as unknown where unknown.source is null and unknown.problem is null)

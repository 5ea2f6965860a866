-- The records of the batch, numbered within their file in reading order, with the time that the file's name says it was
-- delivered at (CloudTrail). Grain: one record.
with
    first_rows as (
        select
            landed_records.source_file,
            min(landed_records.rowid) as first_row,
            utc(regexp_extract(landed_records.source_file, '_(\d{8}T\d{4})Z_[^/_]*$', 1) || '00Z') as delivered_at
        from landed_records
        group by landed_records.source_file
    )

select landed_records.*, landed_records.rowid - first_rows.first_row + 1 as source_row, first_rows.delivered_at
from landed_records
inner join first_rows using (source_file)

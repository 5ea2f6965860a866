-- The records of the batch that go through recognition, numbered within their file in reading order. Grain: one record.
with
    first_rows as (
        select
            landed_records.source_file,
            min(landed_records.rowid) as first_row,
            delivered_at(landed_records.source_file) as delivered_at
        from landed_records
        group by landed_records.source_file
    )

select
    landed_records.* replace (coalesce(landed_records.source_row, landed_records.rowid - first_rows.first_row + 1) as source_row),
    first_rows.delivered_at
from landed_records
inner join first_rows using (source_file)

-- The records of the batch, numbered within their file in reading order. Grain: one record.
with
    first_rows as (
        select landed_records.source_file, min(landed_records.rowid) as first_row
        from landed_records
        group by landed_records.source_file
    )

select landed_records.*, landed_records.rowid - first_rows.first_row + 1 as source_row
from landed_records
inner join first_rows using (source_file)

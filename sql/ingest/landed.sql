-- The records of the batch that go through recognition, numbered within their file in reading order. Grain: one record.
with
    first_rows as (
        select landed_records.source_file, min(landed_records.rowid) as first_row
        from landed_records
        group by landed_records.source_file
    ),

    named as (
        select
            first_rows.*,
            coalesce(file_names.name, first_rows.source_file) as name,
            coalesce(file_names.row_offset, 0) as row_offset
        from first_rows
        left join file_names using (source_file)
    ),

    spelled as (select named.*, delivery_text(named.name) as delivery_text from named),

    files as (select spelled.*, utc(spelled.delivery_text) as delivered_at from spelled)

select
    files.name as source_file,
    coalesce(landed_records.source_row, landed_records.rowid - files.first_row + 1) + files.row_offset as source_row,
    landed_records.record,
    landed_records.source,
    landed_records.problem,
    files.delivered_at
from landed_records
inner join files using (source_file)

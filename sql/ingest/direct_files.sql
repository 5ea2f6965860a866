-- The files that were staged without landing: the first of their rows, their name and what it says. Grain: source_file.
with
    first_rows as (select staged.source_file, min(staged.rowid) as first_row from staged group by staged.source_file),

    named as (
        select
            first_rows.*,
            coalesce(file_names.name, first_rows.source_file) as name,
            coalesce(file_names.row_offset, 0) as row_offset
        from first_rows
        left join file_names using (source_file)
    ),

    spelled as (select named.*, delivery_text(named.name) as delivery_text from named)

select spelled.* exclude (delivery_text), utc(spelled.delivery_text) as delivered_at
from spelled

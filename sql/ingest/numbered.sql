-- Staged rows with their number in the file and the file's name and delivery time, which direct staging leaves to one join
-- here. Grain: one staged row.
select
    staged.* replace (
        coalesce(staged.received_at, direct_files.delivered_at) as received_at,
        coalesce(direct_files.name, staged.source_file) as source_file,
        coalesce(staged.source_row, staged.rowid - direct_files.first_row + 1 + direct_files.row_offset) as source_row,
        event_key_of(
            staged.source, staged.event_id, staged.occurred_at, discriminator_of(staged.source, staged.tenant_id, staged.token_id)
        ) as event_key
    ),
    staged.rowid as staged_id
from staged
left join direct_files using (source_file)

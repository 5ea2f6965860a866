-- What is set aside, the newest first. Grain: content_hash.
select
    left(quarantine.content_hash, $id_length) as entry_id,
    quarantine.quarantined_at,
    quarantine.source,
    quarantine.reason,
    quarantine.source_file,
    quarantine.source_row,
    coalesce(quarantine.byte_count, strlen(quarantine.record)) as byte_count,
    quarantine.record,
    quarantine.content_hash
from quarantine
where ($reason is null or contains(lower(quarantine.reason), lower($reason))) and ($source is null or quarantine.source = $source)
qualify row_number() over (partition by quarantine.content_hash order by quarantine.quarantined_at desc) = 1
order by quarantine.quarantined_at desc, quarantine.source_file, quarantine.source_row, quarantine.content_hash
limit $limit

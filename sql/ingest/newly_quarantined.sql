-- What the batch set aside and the quarantine does not hold yet, or holds and is asked for again. Grain: content_hash.
with
    earlier as (select quarantine.content_hash from quarantine anti join again using (content_hash)),

    fresh as (select quarantined.* from quarantined anti join earlier using (content_hash))

select fresh.*, $now as quarantined_at, $batch_id as batch_id
from fresh
qualify row_number() over (partition by fresh.content_hash order by fresh.source_row) = 1
order by fresh.source_file, fresh.source_row

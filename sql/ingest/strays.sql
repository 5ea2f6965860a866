-- What lay in the envelope of CloudTrail and is no CloudTrail event, or too large for one, or written otherwise than a trail
-- writes it, to be recognised as anything else is. Grain: one staged row.
-- An object that is text gives no columns: where there are some, the text is not looked into, because that costs.
select numbered.staged_id, numbered.source_file, numbered.source_row, numbered.raw as record, null::varchar as problem
from numbered
where
    numbered.service is null
    or starts_with(numbered.service, 'aws:')
    or strlen(numbered.raw) > $max_record_bytes
    or (
        (numbered.principal_id is null or numbered.target_id is null)
        and (contains(numbered.raw, '"{') or (numbered.principal_id is null and numbered.principal_kind is null))
        and is_written_otherwise(numbered.raw)
    )

-- What lay in the envelope of CloudTrail and is no CloudTrail event, or too large for one, to be recognised as anything else
-- is. Grain: one staged row.
select numbered.staged_id, numbered.source_file, numbered.source_row, numbered.raw as record, null::varchar as problem
from numbered
where numbered.service is null or starts_with(numbered.service, 'aws:') or strlen(numbered.raw) > $max_record_bytes

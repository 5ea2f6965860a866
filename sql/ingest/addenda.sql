-- Records of the batch that came with an addendum, and the event that each corrects. Grain: staged_id.
-- What AWS documents: an addendum says why an event was delivered late or what was added to it (`reason`), and for
-- UPDATED_DATA which fields those are and the `originalEventID` of the event.
-- What it leaves open, and we take: that the record around an addendum is the whole event, so that it takes the place of the
-- original; that it may come under a new id or under the id of the original, in the same account and at the same time; and
-- that of two records with one id the one with the addendum is the better one, whatever the reason.
-- Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html (addendum)
with
    candidates as (
        select numbered.*
        from numbered
        -- DuckDB finds four bytes fastest
        where
            numbered.source = 'aws_cloudtrail'
            and numbered.occurred_at is not null
            and contains(numbered.raw, 'dend')
            and has_addendum(numbered.raw)
    )

select
    staged_id,
    event_key,
    coalesce(tenant_id, '') as tenant_id,
    nullif(raw ->> '$.addendum.originalEventID', event_id) as corrected_event_id,
    occurred_at
from candidates

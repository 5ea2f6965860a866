-- The first of each event of the batch, one with an addendum before one without, less those that an addendum under another id
-- has corrected. Grain: event.
-- Key: the vendor's id and the time (records with one id and two times are two events), and the discriminator.
with
    keyed as (
        select
            staged.rowid as staged_id,
            staged.rowid in (select addenda.staged_id from addenda) as has_addendum,
            staged.source,
            staged.event_id,
            staged.occurred_at,
            discriminator_of(staged.source, staged.tenant_id, staged.token_id) as discriminator
        from staged
        anti join
            superseded
            on staged.source = 'aws_cloudtrail'
            and superseded.event_id = staged.event_id
            and superseded.tenant_id = coalesce(staged.tenant_id, '')
        where staged.occurred_at is not null
    )

select
    coalesce(min(keyed.staged_id) filter (keyed.has_addendum), min(keyed.staged_id)) as staged_id,
    keyed.source,
    keyed.event_id,
    keyed.occurred_at,
    keyed.discriminator,
    event_key_of(keyed.source, keyed.event_id, keyed.occurred_at, keyed.discriminator) as event_key
from keyed
group by keyed.source, keyed.event_id, keyed.occurred_at, keyed.discriminator

-- The first of each event of the batch that the lake does not hold yet, or holds without the addendum that the batch brings.
-- Grain: one staged row.
with
    known as (
        select
            events.source,
            events.event_id,
            events.occurred_at,
            discriminator_of(events.source, events.tenant_id, events.token_id) as discriminator
        from events
        semi join suspects using (event_key)
        anti join uncorrected using (event_key)
        where events.occurred_at between $first_at and $last_at
    )

select firsts.staged_id
from firsts
anti join known using (source, event_id, occurred_at, discriminator)

-- The first of each event of the batch that the lake does not hold yet. Grain: one staged row.
-- Key: the vendor's id and the time (records with one id and two times are two events), for CloudTrail the recipient
-- account too (two recipients are two events), for sign-ins the token too.
with
    keyed as (
        select
            staged.rowid as staged_id,
            staged.source,
            staged.event_id,
            staged.occurred_at,
            case
                when staged.source = 'aws_cloudtrail'
                then coalesce(staged.tenant_id, '')
                when starts_with(staged.source, 'entra_signin')
                then coalesce(staged.token_id, '')
                else ''
            end as discriminator
        from staged
        where staged.occurred_at is not null
    ),

    known as (
        select
            events.source,
            events.event_id,
            events.occurred_at,
            case
                when events.source = 'aws_cloudtrail'
                then coalesce(events.tenant_id, '')
                when starts_with(events.source, 'entra_signin')
                then coalesce(events.token_id, '')
                else ''
            end as discriminator
        from events
        where events.occurred_at between $first_at and $last_at
    ),

    firsts as (
        select min(keyed.staged_id) as staged_id, keyed.source, keyed.event_id, keyed.occurred_at, keyed.discriminator
        from keyed
        group by keyed.source, keyed.event_id, keyed.occurred_at, keyed.discriminator
    )

select firsts.staged_id
from firsts
anti join known using (source, event_id, occurred_at, discriminator)

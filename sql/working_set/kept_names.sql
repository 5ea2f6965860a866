-- Which names and ids of people stand together in an event, with the first event that says so: all that identities are
-- resolved from. Grain: the columns that are not null, but for the event.
with
    callers as (
        select
            events.source,
            events.provider,
            events.principal_id,
            events.principal_name,
            events.principal_kind,
            events.principal_tenant_id,
            case when contains(events.issuer_id, '/AWSReservedSSO_') then events.issuer_id end as issuer_id,
            case
                when
                    events.source = 'aws_cloudtrail'
                    and contains(events.issuer_id, '/AWSReservedSSO_')
                    and contains(events.raw, '"onBehalfOf"')
                then '{"userIdentity":' || json_object('onBehalfOf', events.raw -> '$.userIdentity.onBehalfOf') || '}'
            end as raw,
            min(struct_pack(occurred_at := events.occurred_at, event_id := events.event_id)) as first_event
        from events
        where coalesce(events.principal_id, events.principal_name) is not null
        group by all
    ),

    targets as (
        select
            events.source,
            events.provider,
            events.target_id,
            events.target_name,
            events.target_kind,
            min(struct_pack(occurred_at := events.occurred_at, event_id := events.event_id)) as first_event
        from events
        where events.target_kind = 'user'
        group by all
    ),

    together as (
        select *
        from callers
        union all by name
        select *
        from targets
    )

select
    together.* exclude (first_event), together.first_event.occurred_at as occurred_at, together.first_event.event_id as event_id
from together

-- Console sign-ins, which name neither key nor session, and the console session that began with each. Grain: event_id,
-- tenant_id, occurred_at.
-- The creation date of a console session is the second of its sign-in, or next to it.
select
    events.event_id,
    events.tenant_id,
    events.occurred_at,
    arg_min(
        aws_groups.thing_id,
        struct_pack(
            distance := abs(epoch_ms(aws_groups.started_at) - epoch_ms(events.occurred_at)), thing_id := aws_groups.thing_id
        )
    ) as thing_id
from events
inner join
    int_aws_groups as aws_groups
    on events.principal_id = aws_groups.principal_id
    and starts_with(aws_groups.group_id, 'aws-session:')
    and aws_groups.started_at between events.occurred_at - interval 10 seconds and events.occurred_at + interval 10 seconds
where
    events.source = 'aws_cloudtrail'
    and events.action in ('ConsoleLogin', 'CheckMfa')
    and events.outcome = 'success'
    and events.credential_id is null
    and events.session_id is null
    and events.occurred_at >= $since
    and events.occurred_at < $until
group by events.event_id, events.tenant_id, events.occurred_at

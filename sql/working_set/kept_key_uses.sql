-- The addresses from which each long-lived key or secret was used successfully. Grain: credential_id, source_ip, holder_key.
select
    events.credential_id,
    events.source_ip,
    coalesce(events.principal_id, events.principal_name, events.credential_id, '') as holder_key,
    min(events.occurred_at) as first_at
from events
where
    events.credential_id is not null
    and events.outcome <> 'failure'
    and (events.credential_kind in ('access_key', 'api_token') or starts_with(events.source, 'entra_signin'))
group by all

-- The clients that each principal used successfully, day by day. A client is the user agent without its numbers: an update is
-- no new client. Grain: day, principal_id, client.
with
    user_agents as (
        select events.occurred_at::date as day, events.principal_id, events.user_agent, min(events.occurred_at) as first_at
        from events
        where
            events.principal_id is not null
            and events.user_agent is not null
            and events.outcome = 'success'
            and events.occurred_at >= $since
            and events.occurred_at < $until
        group by all
    )

select
    user_agents.day,
    user_agents.principal_id,
    nullif(trim(regexp_replace(user_agents.user_agent, '[0-9]+([._-][0-9]+)*', '#', 'g')), '') as client,
    min(user_agents.first_at) as first_at
from user_agents
group by all

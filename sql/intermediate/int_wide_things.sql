-- Known things of which so much comes in the window of a reset that following them would taint the world: the key of an
-- automation that everybody uses, an application that all sign in to. Grain: reset_id, from_thing_id, kind.
-- What a person or a session does itself is never too much.
with
    wide as (
        select edges.from_thing_id, edges.kind
        from int_trust_edges as edges
        where
            split_part(edges.from_thing_id, ':', 1) not in ('aws-session', 'entra-session', 'okta-session')
            and not contains(edges.from_thing_id, '@')
            and (
                split_part(edges.from_thing_id, ':', 1) <> 'aws-key'
                -- a temporary key is one session
                or not starts_with(edges.from_thing_id, 'aws-key:ASIA')
            )
        group by edges.from_thing_id, edges.kind
        having count(distinct edges.to_thing_id) > $max_fan_out
    )

select resets.reset_id, edges.from_thing_id, edges.kind, count(distinct edges.to_thing_id) as thing_count
from wide
inner join int_trust_edges as edges on wide.from_thing_id = edges.from_thing_id and wide.kind = edges.kind
inner join int_resets as resets on edges.occurred_at >= resets.occurred_at and edges.occurred_at < resets.occurred_at + $window
group by resets.reset_id, edges.from_thing_id, edges.kind
having count(distinct edges.to_thing_id) > $max_fan_out

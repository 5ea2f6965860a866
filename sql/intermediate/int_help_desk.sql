-- Who was known for resetting others at each reset, and how it is known. Grain: reset_id.
-- Five different people in the 30 days up to the reset: a help desk, whatever its name.
with
    performed as (
        select
            episodes.reset_id,
            episodes.person_id,
            episodes.occurred_at,
            episodes.performer_role,
            lower(coalesce(episodes.performer.id, episodes.performer.name)) as performer_id,
            lower(episodes.performer.name) as performer_name
        from int_reset_episodes as episodes
        where
            episodes.by_somebody_else
            and coalesce(episodes.performer.id, episodes.performer.name) is not null
            -- a service that carries out what others ask for resets everybody
            and episodes.performer.kind in ('user', 'role', 'root')
            and lower(episodes.performer.name) is distinct from 'system@okta.com'
    ),

    counted as (
        select performed.reset_id, count(distinct others.person_id) as people_count
        from performed
        inner join
            performed as others
            on performed.performer_id = others.performer_id
            and others.occurred_at > performed.occurred_at - interval 30 days
            and others.occurred_at <= performed.occurred_at
        group by performed.reset_id
    ),

    listed as (
        select lower(inventory.thing) as thing, min(inventory.note) as note
        from inventory
        where regexp_matches(lower(inventory.kind), '^help[ _-]?desk|^service[ _-]?desk')
        group by all
    )

select
    performed.reset_id,
    listed.thing is not null or performed.performer_role is not null or counted.people_count >= 5 as is_help_desk,
    case
        when listed.thing is not null
        then 'the inventory says so'
        when performed.performer_role is not null
        then 'the log names their role: ' || performed.performer_role
        when counted.people_count >= 5
        then 'reset ' || counted.people_count || ' different people in 30 days'
        else 'reset ' || counted.people_count || ' in 30 days, and neither a role nor the inventory names them'
    end as help_desk_reason
from performed
inner join counted using (reset_id)
left join listed on listed.thing in (performed.performer_id, performed.performer_name)
qualify row_number() over (partition by performed.reset_id order by listed.thing nulls last) = 1

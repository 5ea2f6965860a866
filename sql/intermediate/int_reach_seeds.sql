-- Where each reset's reach begins: the person's sessions and credentials in the window. Grain: reset_id, thing_id.
-- fresh: begun at or after the reset. residual: issued before it and still used. A bare principal counts as fresh with
-- half the confidence: the log names the person and no session.
with
    uses as (
        select holders.thing_id, holders.occurred_at, holders.source, holders.tenant_id, holders.event_id
        from int_event_holders as holders
        where holders.person_id is not null and holders.outcome <> 'failure'
    ),

    candidates as (
        select
            resets.reset_id,
            sessions.thing_id,
            sessions.kind,
            sessions.started_at,
            resets.occurred_at as reset_at,
            case when sessions.started_at < resets.occurred_at then 'residual' else 'fresh' end as seed
        from int_resets as resets
        inner join int_sessions as sessions using (person_id)
        where
            sessions.last_used_at >= resets.occurred_at
            and coalesce(sessions.started_at, sessions.first_used_at) < resets.occurred_at + $window
    ),

    reached as (
        select
            candidates.reset_id,
            candidates.thing_id,
            candidates.kind,
            candidates.seed,
            candidates.started_at,
            min(uses.occurred_at) as first_reached_at,
            arg_min(uses.event_id, uses.occurred_at) as event_id,
            arg_min(uses.source, uses.occurred_at) as source,
            arg_min(uses.tenant_id, uses.occurred_at) as tenant_id
        from candidates
        inner join uses on candidates.thing_id = uses.thing_id and uses.occurred_at >= candidates.reset_at
        group by all
    )

select
    reached.reset_id,
    reached.thing_id,
    reached.kind,
    reached.seed,
    reached.first_reached_at,
    case when reached.kind = 'principal' then 0.5 else 1.0 end::double as confidence,
    reached.source,
    reached.tenant_id,
    reached.event_id,
    case
        when reached.kind = 'principal'
        then resets.person || ' acted, and the log names no session'
        when reached.seed = 'residual'
        then
            'residual session of '
            || resets.person
            || ', begun '
            || strftime(reached.started_at, '%Y-%m-%d %H:%M')
            || ' UTC, before the reset'
        else
            'fresh session of '
            || resets.person
            || ', begun '
            || strftime(reached.started_at, '%Y-%m-%d %H:%M')
            || ' UTC, after the reset'
    end as why
from reached
inner join int_resets as resets using (reset_id)
where reached.first_reached_at < resets.occurred_at + $window

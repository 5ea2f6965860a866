-- Where each reset's reach begins: the person's sessions and credentials in the window. Grain: reset_id, thing_id.
-- fresh: begun at or after the reset. residual: issued before it and still used. A bare principal counts as fresh with
-- half the confidence: the log names the person and no session. Keys that are tied to the person count from a new network on.
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
            -- what was taken on after the reset is reached by an edge, from what it was taken on with
            and not (sessions.is_inherited and sessions.started_at >= resets.occurred_at)
    ),

    -- keys that are the person's by what was seen before the reset, where they turn up in a network that is new to them
    tied as (
        select
            ties.reset_id,
            sessions.thing_id,
            sessions.kind,
            sessions.first_used_at as first_reached_at,
            -- ways of knowing that have nothing to do with each other
            round(0.8 * (1 - product(1 - ties.confidence)), 4) as confidence,
            sessions.first_source as source,
            sessions.tenant_id,
            sessions.first_event_id as event_id,
            'key '
            || sessions.credential_id
            || ', tied to '
            || resets.person
            || ' ('
            || string_agg(distinct ties.how, ', ' order by ties.how)
            || '), in a network where it was not used before' as why
        from int_automation_ties as ties
        inner join int_resets as resets using (reset_id)
        inner join
            int_sessions as sessions
            on ties.thing = sessions.credential_id
            and sessions.kind in ('access_key_use', 'service_principal_key_use', 'api_token_use')
            and sessions.first_used_at >= resets.occurred_at
            and sessions.first_used_at < resets.occurred_at + $window
        where sessions.person_id is distinct from resets.person_id
        group by
            ties.reset_id,
            resets.person,
            sessions.thing_id,
            sessions.kind,
            sessions.first_used_at,
            sessions.first_source,
            sessions.tenant_id,
            sessions.first_event_id,
            sessions.credential_id
    ),

    reached as (
        select
            candidates.reset_id,
            candidates.thing_id,
            candidates.kind,
            candidates.seed,
            candidates.started_at,
            min(uses.occurred_at) as first_reached_at,
            arg_min(
                uses.event_id, struct_pack(at := uses.occurred_at, source := uses.source, event_id := uses.event_id)
            ) as event_id,
            arg_min(uses.source, struct_pack(at := uses.occurred_at, source := uses.source, event_id := uses.event_id)) as source,
            arg_min(
                uses.tenant_id, struct_pack(at := uses.occurred_at, source := uses.source, event_id := uses.event_id)
            ) as tenant_id
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
union all by name
select
    tied.reset_id,
    tied.thing_id,
    tied.kind,
    'residual' as seed,
    tied.first_reached_at,
    tied.confidence::double as confidence,
    tied.source,
    tied.tenant_id,
    tied.event_id,
    tied.why
from tied
anti join reached on tied.reset_id = reached.reset_id and tied.thing_id = reached.thing_id

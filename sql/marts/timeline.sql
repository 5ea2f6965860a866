-- The events of each reset in order: the reset, its cut-off, and every act of a reached thing in the window. Grain: reset_id,
-- event.
with
    acted as (
        select
            reach.reset_id,
            holders.source,
            holders.tenant_id,
            holders.event_id,
            holders.occurred_at,
            reach.thing_id,
            reach.depth,
            reach.seed,
            case
                when
                    row_number() over (
                        partition by reach.reset_id, reach.thing_id order by holders.occurred_at, holders.source, holders.event_id
                    )
                    = 1
                then 'Reached: ' || reach.route
                when holders.attribution = 'address'
                then 'Same principal and address as: ' || reach.why
                else 'Same session or key as: ' || reach.why
            end as why
        from reach
        inner join int_resets as resets using (reset_id)
        inner join
            int_event_holders as holders
            on reach.thing_id = holders.thing_id
            and holders.occurred_at >= reach.first_reached_at
            and holders.occurred_at < resets.occurred_at + $window
    ),

    resetting as (
        select
            resets.reset_id,
            reset_events.source,
            reset_events.tenant_id,
            reset_events.event_id,
            reset_events.occurred_at,
            null as thing_id,
            0 as depth,
            null as seed,
            'The reset: '
            || replace(reset_events.kind, '_', ' ')
            || ' of '
            || coalesce(reset_events.subject_name, reset_events.subject_id)
            || case when reset_events.by_somebody_else then ' by somebody else' else '' end as why
        from int_resets as resets
        inner join
            int_reset_events as reset_events
            on resets.person_id = reset_events.person_id
            and reset_events.occurred_at between resets.occurred_at and resets.ended_at
        union all by name
        select
            resets.reset_id,
            cut_offs.source,
            cut_offs.tenant_id,
            cut_offs.event_id,
            cut_offs.occurred_at,
            null as thing_id,
            0 as depth,
            null as seed,
            'Token cut-off: refresh tokens from before '
            || strftime(cut_offs.valid_from, '%Y-%m-%d %H:%M:%S')
            || ' UTC are refused' as why
        from int_resets as resets
        inner join
            int_cut_offs as cut_offs
            on resets.person_id = cut_offs.person_id
            and cut_offs.occurred_at between resets.occurred_at - interval 5 minutes and resets.occurred_at + $window
    ),

    -- no power was reached by these, but a hunter wants to see them: what was refused to the person, what was done to the person
    beside as (
        select
            resets.reset_id,
            holders.source,
            holders.tenant_id,
            holders.event_id,
            holders.occurred_at,
            null as thing_id,
            0 as depth,
            null as seed,
            case
                when holders.person_id = resets.person_id
                then 'Refused to ' || resets.person || coalesce(' (' || holders.error_code || ')', '')
                else
                    'Done to '
                    || resets.person
                    || ' by '
                    || coalesce(holders.principal_name, holders.principal_id, 'somebody the log does not name')
            end as why
        from int_resets as resets
        inner join
            int_event_holders as holders
            on holders.occurred_at >= resets.occurred_at - interval 5 minutes
            and holders.occurred_at < resets.occurred_at + $window
            and (
                (
                    holders.person_id = resets.person_id
                    and holders.outcome = 'failure'
                    and holders.occurred_at >= resets.occurred_at
                )
                or (
                    holders.target_kind = 'user'
                    and holders.person_id is distinct from resets.person_id
                    and (
                        list_contains(resets.principal_ids, lower(holders.target_id))
                        or list_contains(
                            resets.principal_ids, 'arn:aws:iam::' || holders.tenant_id || ':user/' || lower(holders.target_id)
                        )
                    )
                )
            )
    ),

    together as (
        select *, 1 as rank, 'help_desk' as control_domain
        from resetting
        union all by name
        select *, 2 as rank
        from acted
        union all by name
        select *, 3 as rank
        from beside
    ),

    rows_once as (
        select *
        from together
        qualify
            row_number() over (
                partition by together.reset_id, together.source, together.tenant_id, together.event_id
                order by together.rank, together.depth, together.thing_id
            )
            = 1
    ),

    told as (
        select
            parts.reset_id,
            parts.source,
            parts.tenant_id,
            parts.event_id,
            round(sum(parts.points), 4) as points,
            arg_max(parts.control_domain, struct_pack(points := parts.points, detection := parts.detection)) as control_domain,
            list(parts.detection order by parts.points desc, parts.detection) as signals,
            string_agg(parts.reason, '. ' order by parts.points desc, parts.detection) as why
        from score_parts as parts
        where parts.detection is not null
        group by all
    ),

    brought as (
        select
            steps.reset_id,
            steps.source,
            steps.tenant_id,
            steps.event_id,
            string_agg(distinct steps.why, '; ' order by steps.why) as why,
            min(domains.control_domain) as control_domain
        from int_reach_edges as steps
        left join edge_domains as domains on steps.edge_kind = domains.kind
        group by all
    )

select
    rows_once.reset_id,
    rows_once.occurred_at,
    rows_once.event_id,
    rows_once.source,
    events.provider,
    rows_once.tenant_id,
    events.principal_id,
    events.principal_name,
    events.action,
    events.target_id,
    events.outcome,
    events.source_ip,
    coalesce(told.control_domain, brought.control_domain, rows_once.control_domain) as control_domain,
    coalesce(told.signals, []) as signals,
    coalesce(told.points, 0) as points,
    -- what the event did, what speaks for it, and last how its holder was reached
    concat_ws(
        '. ',
        case when rows_once.thing_id is null then rows_once.why end,
        case when not contains(rows_once.why, brought.why) then brought.why end,
        told.why,
        case when rows_once.thing_id is not null then rows_once.why end
    ) as why,
    rows_once.thing_id,
    rows_once.depth,
    rows_once.seed
from rows_once
inner join
    int_event_holders as events
    on rows_once.source = events.source
    and rows_once.event_id = events.event_id
    and rows_once.tenant_id is not distinct from events.tenant_id
    and rows_once.occurred_at = events.occurred_at
left join
    told
    on rows_once.reset_id = told.reset_id
    and rows_once.source = told.source
    and rows_once.event_id = told.event_id
    and rows_once.tenant_id is not distinct from told.tenant_id
left join
    brought
    on rows_once.reset_id = brought.reset_id
    and rows_once.source = brought.source
    and rows_once.event_id = brought.event_id
    and rows_once.tenant_id is not distinct from brought.tenant_id

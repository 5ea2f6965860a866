-- One row per reset: the replacement of a person's password or MFA, as one episode. Grain: reset_id.
-- still_alive is what was issued before and no change of the episode ended; may_be_alive is what the log cannot tell.
with
    cut_offs as (
        select
            episodes.reset_id,
            min(cut_offs.valid_from) as cut_off_at,
            bool_or(cut_offs.source = 'okta_system') as is_okta,
            bool_or(cut_offs.source <> 'okta_system') as is_entra
        from int_reset_episodes as episodes
        inner join
            int_cut_offs as cut_offs
            on episodes.person_id = cut_offs.person_id
            and cut_offs.occurred_at >= episodes.occurred_at - interval 5 minutes
            and cut_offs.occurred_at < episodes.ended_at + interval 1 day
        group by episodes.reset_id
    ),

    changes as (
        select episodes.reset_id, unnest(episodes.changes) as change
        from int_reset_episodes as episodes
        union all by name
        select cut_offs.reset_id, 'entra_cut_off' as change
        from cut_offs
        where cut_offs.is_entra
        union all by name
        select cut_offs.reset_id, 'okta_cut_off' as change
        from cut_offs
        where cut_offs.is_okta
        union all by name
        select episodes.reset_id, 'guest' as change
        from int_reset_episodes as episodes
        where episodes.is_guest
    ),

    -- one change that revokes is enough
    fates as (
        select
            changes.reset_id,
            token_survival.token,
            case
                when bool_or(token_survival.fate = 'revoked')
                then 'revoked'
                when bool_or(token_survival.fate = 'unknown')
                then 'unknown'
                else 'alive'
            end as fate
        from changes
        inner join token_survival using (change)
        group by changes.reset_id, token_survival.token
    ),

    survivals as (
        select
            fates.reset_id,
            list(fates.token order by fates.token) filter (fates.fate = 'alive') as still_alive,
            list(fates.token order by fates.token) filter (fates.fate = 'unknown') as may_be_alive
        from fates
        group by fates.reset_id
    ),

    automation as (
        select list(distinct lower(inventory.thing)) as things
        from inventory
        where regexp_matches(lower(inventory.kind), 'automation|service[ _-]?account|pipeline|robot|workload')
    )

select
    episodes.reset_id,
    episodes.person_id,
    episodes.person,
    episodes.principal_ids,
    episodes.principal_names,
    episodes.place.provider as provider,
    episodes.place.tenant_id as tenant_id,
    episodes.occurred_at,
    episodes.ended_at,
    episodes.kinds,
    episodes.performer.name as performed_by,
    episodes.performer.id as performed_by_id,
    episodes.by_somebody_else,
    episodes.is_self_service,
    coalesce(help_desk.is_help_desk, false) as is_help_desk,
    help_desk.help_desk_reason,
    episodes.performer.source_ip as performed_from,
    episodes.on_premises_agent,
    episodes.is_guest,
    case
        when
            list_has_any(
                coalesce(automation.things, []),
                list_append(
                    list_concat(episodes.principal_ids, list_transform(episodes.principal_names, lambda name:lower(name))),
                    episodes.person_id
                )
            )
        then 'the inventory says so'
        when
            regexp_matches(
                lower(episodes.person),
                '(^|[^a-z])(svc|service-?account|sa|bot|ci|cicd|automation|deploy(er)?|terraform|jenkins|github|gitlab|pipeline|runner|robot|batch|cron|daemon)([^a-z]|$)'
            )
        then 'by its name'
    end as automation_reason,
    automation_reason is not null as is_automation,
    cut_offs.cut_off_at,
    coalesce(survivals.still_alive, []) as still_alive,
    coalesce(survivals.may_be_alive, []) as may_be_alive,
    episodes.event_ids
from int_reset_episodes as episodes
cross join automation
left join cut_offs using (reset_id)
left join survivals using (reset_id)
left join int_help_desk as help_desk using (reset_id)

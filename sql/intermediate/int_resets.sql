-- One row per reset: the replacement of a person's password or MFA, as one episode. Grain: reset_id.
-- Rows for one person belong together while no more than an hour lies between one and the next.
with
    gaps as (
        select
            reset_events.*,
            coalesce(
                reset_events.occurred_at - lag(reset_events.occurred_at) over (
                    partition by reset_events.person_id order by reset_events.occurred_at, reset_events.event_id
                )
                > interval 1 hour,
                true
            ) as is_first
        from int_reset_events as reset_events
    ),

    numbered as (
        select
            gaps.*,
            sum(gaps.is_first::integer) over (
                partition by gaps.person_id order by gaps.occurred_at, gaps.event_id rows unbounded preceding
            ) as episode
        from gaps
    ),

    episodes as (
        select
            numbered.person_id,
            numbered.episode,
            'R-' || substr(md5(numbered.person_id || '|' || min(numbered.occurred_at)::varchar), 1, 12) as reset_id,
            coalesce(
                min(numbered.subject_name) filter (contains(numbered.subject_name, '@')),
                min(numbered.subject_name),
                numbered.person_id
            ) as person,
            list_sort(list(distinct numbered.subject_id)) as principal_ids,
            list_sort(list(distinct numbered.subject_name)) as principal_names,
            arg_min(numbered.provider, numbered.occurred_at) as provider,
            arg_min(numbered.tenant_id, numbered.occurred_at) as tenant_id,
            min(numbered.occurred_at) as occurred_at,
            max(numbered.occurred_at) as ended_at,
            list_sort(list(distinct numbered.kind)) as kinds,
            -- nobody but services named: not the person, as far as the log says
            coalesce(bool_or(numbered.by_somebody_else), true) as by_somebody_else,
            -- who performed it: a person before a service, somebody else before the subject, then the first
            arg_min(
                struct_pack(id := numbered.performed_by_id, name := numbered.performed_by, source_ip := numbered.performed_from),
                struct_pack(
                    is_service := coalesce(numbered.performed_by_kind, 'service') not in ('user', 'role', 'root'),
                    is_self := not coalesce(numbered.by_somebody_else, true),
                    occurred_at := numbered.occurred_at,
                    event_id := numbered.event_id
                )
            ) as performer,
            list(numbered.event_id order by numbered.occurred_at, numbered.event_id) as event_ids
        from numbered
        group by numbered.person_id, numbered.episode
        having bool_or(numbered.is_reset)
    )

select
    episodes.reset_id,
    episodes.person_id,
    episodes.person,
    episodes.principal_ids,
    episodes.principal_names,
    episodes.provider,
    episodes.tenant_id,
    episodes.occurred_at,
    episodes.ended_at,
    episodes.kinds,
    episodes.performer.name as performed_by,
    episodes.performer.id as performed_by_id,
    episodes.by_somebody_else,
    episodes.performer.source_ip as performed_from,
    min(cut_offs.valid_from) as cut_off_at,
    episodes.event_ids
from episodes
left join
    int_cut_offs as cut_offs
    on episodes.person_id = cut_offs.person_id
    and cut_offs.occurred_at >= episodes.occurred_at - interval 5 minutes
    and cut_offs.occurred_at < episodes.ended_at + interval 1 day
group by all

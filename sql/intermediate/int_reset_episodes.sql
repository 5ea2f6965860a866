-- One row per reset: the rows about one person with no more than an hour between one and the next. Grain: reset_id.
with
    gaps as (
        select
            reset_events.*,
            coalesce(
                reset_events.occurred_at - lag(reset_events.occurred_at) over (
                    partition by reset_events.person_id
                    order by reset_events.occurred_at, reset_events.source, reset_events.event_id
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
                partition by gaps.person_id order by gaps.occurred_at, gaps.source, gaps.event_id rows unbounded preceding
            ) as episode
        from gaps
    )

select
    'R-' || substr(md5(numbered.person_id || '|' || min(numbered.occurred_at)::varchar), 1, 12) as reset_id,
    numbered.person_id,
    coalesce(
        min(numbered.subject_name) filter (contains(numbered.subject_name, '@')), min(numbered.subject_name), numbered.person_id
    ) as person,
    list_sort(list(distinct numbered.subject_id)) as principal_ids,
    list_sort(list(distinct numbered.subject_name)) as principal_names,
    arg_min(
        struct_pack(provider := numbered.provider, tenant_id := numbered.tenant_id),
        struct_pack(at := numbered.occurred_at, source := numbered.source, event_id := numbered.event_id)
    ) as place,
    min(numbered.occurred_at) as occurred_at,
    max(numbered.occurred_at) as ended_at,
    list_sort(list(distinct numbered.kind)) as kinds,
    -- nobody but services named: not the person, as far as the log says
    coalesce(bool_or(numbered.by_somebody_else), not bool_or(numbered.is_self_service), true) as by_somebody_else,
    coalesce(bool_or(numbered.is_self_service), false) as is_self_service,
    coalesce(bool_or(numbered.is_guest), false) as is_guest,
    min(numbered.performer_role) as performer_role,
    min(numbered.on_premises_agent) as on_premises_agent,
    -- who performed it: a person before a service, somebody else before the subject, then the first
    arg_min(
        struct_pack(
            id := numbered.performed_by_id,
            name := numbered.performed_by,
            kind := numbered.performed_by_kind,
            source_ip := numbered.performed_from
        ),
        struct_pack(
            is_service := coalesce(numbered.performed_by_kind, 'service') not in ('user', 'role', 'root'),
            is_self := not coalesce(numbered.by_somebody_else, true),
            occurred_at := numbered.occurred_at,
            source := numbered.source,
            event_id := numbered.event_id
        )
    ) as performer,
    list_sort(
        list_distinct(
            list(
                case
                    when numbered.provider = 'aws'
                    then 'aws_change'
                    when numbered.provider = 'okta'
                    then 'okta_change'
                    when numbered.kind <> 'password'
                    then 'method_changes'
                    when coalesce(numbered.by_somebody_else, true) and not numbered.is_self_service
                    then 'admin_resets_password'
                    else 'user_changes_password'
                end
            ) filter (numbered.is_reset)
        )
    ) as changes,
    list(numbered.event_id order by numbered.occurred_at, numbered.source, numbered.event_id) as event_ids
from numbered
group by numbered.person_id, numbered.episode
having bool_or(numbered.is_reset)

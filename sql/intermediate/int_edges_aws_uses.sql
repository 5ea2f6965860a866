-- What was given in AWS, and the sessions that came of it: of a user or role that was made, of a login that was set, of a host
-- on which code was run. Grain: from_thing_id, to_thing_id. A principal that only got a policy or a group makes no edge: an
-- administrator does not hold what everybody does whose rights he edits. The log does not say that a session began with that
-- password, so the confidence is how much its network speaks for it.
with
    subjects as (
        select distinct
            powers.to_thing_id,
            powers.tenant_id,
            powers.action,
            powers.gives,
            powers.opens,
            powers.network_id,
            powers.occurred_at,
            lower(powers.to_name) as name
        from int_aws_powers as powers
        where powers.to_kind in ('principal', 'login', 'method') and powers.opens is not null
    ),

    named as (
        select origins.*, 'user/' || lower(origins.principal_name) as name
        from int_session_origins as origins
        where origins.provider = 'aws' and origins.principal_kind = 'user'
        union all by name
        select origins.*, 'role/' || lower(regexp_extract(origins.issuer_id, '[^/]+$')) as name
        from int_session_origins as origins
        where origins.provider = 'aws' and origins.issuer_id is not null
        union all by name
        select origins.*, 'directory/' || lower(origins.principal_id) as name
        from int_session_origins as origins
        where origins.provider = 'aws'
        union all by name
        select origins.*, 'directory/' || aws_groups.identity_user_id as name
        from int_session_origins as origins
        inner join int_aws_groups as aws_groups on origins.thing_id = aws_groups.thing_id
        where aws_groups.identity_user_id is not null
    ),

    pairs as (
        select
            subjects.to_thing_id as from_thing_id,
            subjects.action,
            subjects.opens,
            subjects.occurred_at as given_at,
            named.* exclude (name),
            case
                when named.network_id = subjects.network_id and not named.is_shared_network
                then 'same'
                when named.is_new_network
                then 'new'
                when named.is_unusual_network
                then 'odd'
                else 'usual'
            end as relation
        from subjects
        inner join
            named
            on named.name = case
                when subjects.gives = 'role'
                then 'role/'
                when starts_with(subjects.gives, 'directory_')
                then 'directory/'
                else 'user/'
            end
            || subjects.name
            -- user ids of Identity Center are the organisation's, whose trail is another account's
            and (named.tenant_id = subjects.tenant_id or starts_with(subjects.gives, 'directory_'))
            -- a console session begins in the second of the sign-in, which may be told just before
            and named.first_used_at >= subjects.occurred_at
            and named.first_used_at
            < subjects.occurred_at + case when subjects.opens = 'password' then interval 7 days else interval 30 days end
            and (subjects.opens <> 'password' or named.kind = 'console_session' or starts_with(subjects.gives, 'directory_'))
    )

select
    pairs.first_used_at as occurred_at,
    pairs.from_thing_id,
    pairs.thing_id as to_thing_id,
    pairs.kind as to_kind,
    'opens_session' as kind,
    max(opening_confidences.confidence) as confidence,
    pairs.first_source as source,
    pairs.tenant_id,
    pairs.first_event_id as event_id,
    coalesce(pairs.principal_name, pairs.principal_id)
    || ' acts '
    || arg_max(
        opening_confidences.words || ', after ' || pairs.action,
        struct_pack(confidence := opening_confidences.confidence, at := pairs.given_at, action := pairs.action)
    ) as why
from pairs
inner join opening_confidences on pairs.opens = opening_confidences.opens and pairs.relation = opening_confidences.relation
group by
    pairs.first_used_at,
    pairs.from_thing_id,
    pairs.thing_id,
    pairs.kind,
    pairs.first_source,
    pairs.tenant_id,
    pairs.first_event_id,
    pairs.principal_name,
    pairs.principal_id

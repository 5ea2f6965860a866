-- Acts in AWS that give somebody power, and each thing that such an act ends in, with what the record says of it. Grain: event,
-- to_thing_id. JSON is read of these acts only. Policy documents are parsed, plain or URL-encoded: a foreign principal is an
-- account whose own trail is not in the lake, anybody is `*` without a condition that names accounts, an organisation or a
-- source. A principal that the last document on the same resource named already was not let in by this act.
with
    acts as (
        select
            holders.source,
            holders.tenant_id,
            holders.event_id,
            holders.occurred_at,
            holders.action,
            holders.thing_id,
            holders.confidence,
            holders.network_id,
            holders.principal_id,
            coalesce(holders.target_name, holders.target_id) as target,
            holders.target_tenant_id,
            split_part(holders.service, '.', 1) as service,
            aws_powers.kind,
            aws_powers.gives,
            aws_powers.opens,
            events.raw,
            nullif(json_extract_string(events.raw, aws_powers.subject), '') as told_subject,
            -- what a request holds is plain, what a response holds is URL-encoded
            case
                when starts_with(json_extract_string(events.raw, aws_powers.document), '%7B')
                then url_decode(json_extract_string(events.raw, aws_powers.document))
                else json_extract_string(events.raw, aws_powers.document)
            end as document
        from int_event_holders as holders
        inner join
            aws_powers
            on holders.source = 'aws_cloudtrail'
            and holders.action = aws_powers.action
            and holders.service = aws_powers.service || '.amazonaws.com'
        inner join
            events
            on holders.event_id = events.event_id
            and events.source = 'aws_cloudtrail'
            and holders.occurred_at = events.occurred_at
            and holders.tenant_id is not distinct from events.tenant_id
        where holders.outcome = 'success' and holders.thing_id is not null
    ),

    subjects as (
        select
            acts.*,
            case
                when acts.gives = 'function'
                then split_part(regexp_replace(acts.told_subject, '^arn:.*:function:', ''), ':', 1)
                when acts.gives = 'provider'
                then regexp_replace(acts.told_subject, '^(https?:/{2}|arn:[^/]*/)', '')
                else coalesce(acts.told_subject, acts.target)
            end as subject,
            case
                when acts.gives in ('policy', 'role_policy', 'role', 'topic_policy') then try_cast(acts.document as json)
            end as policy
        from acts
    ),

    documents as (
        select
            subjects.* exclude (policy),
            list_filter(
                from_json(
                    case
                        json_type(subjects.policy -> '$.Statement')
                        when 'OBJECT'
                        then '[' || (subjects.policy ->> '$.Statement') || ']'
                        else coalesce(subjects.policy ->> '$.Statement', '[]')
                    end,
                    '["JSON"]'
                ),
                lambda s:s ->> '$.Effect' = 'Allow'
            ) as statements
        from subjects
    ),

    told as (
        select
            documents.* exclude (statements),
            case
                when documents.gives in ('policy', 'role_policy', 'role', 'topic_policy')
                then
                    flatten(
                        list_transform(
                            documents.statements,
                            lambda s:list_concat(
                                regexp_extract_all(coalesce(s ->> '$.Principal.AWS', ''), '(?:^|"|::)(\d{12})(?:$|"|:)', 1),
                                -- everybody of the accounts that the condition names
                                case
                                    when regexp_matches(coalesce(s ->> '$.Principal.AWS', s ->> '$.Principal'), '^\*$|"\*"')
                                    then regexp_extract_all(coalesce(s ->> '$.Condition', ''), '(?:"|::|:)(\d{12})(?:"|:)', 1)
                                    else []
                                end
                            )
                        )
                    )
                when documents.gives in ('members', 'grantee')
                then
                    regexp_extract_all(
                        coalesce(documents.document, documents.target_tenant_id, ''), '(?:^|\D)(\d{12})(?:$|\D)', 1
                    )
                else []
            end as accounts,
            case
                when documents.gives in ('policy', 'role_policy', 'role', 'topic_policy')
                then
                    len(
                        list_filter(
                            documents.statements,
                            lambda s: (
                                s ->> '$.NotPrincipal' is not null
                                or regexp_matches(coalesce(s ->> '$.Principal.AWS', s ->> '$.Principal'), '^\*$|"\*"')
                            )
                            and not regexp_matches(
                                lower(coalesce(s ->> '$.Condition', '')),
                                'principalorg|principalaccount|principalarn|sourceaccount|sourcearn|sourceowner|sourceorg|sourcevpc|calleraccount|aws:sourceip'
                            )
                        )
                    )
                    > 0
                when documents.gives = 'members'
                then regexp_matches(coalesce(documents.document, ''), '"all"')
                when documents.gives = 'grantee'
                then documents.document = '*'
                when documents.gives = 'function_url'
                then documents.document = 'NONE'
                when documents.gives = 'acl'
                then
                    regexp_matches(
                        coalesce(documents.document, ''), 'global/(AllUsers|AuthenticatedUsers)|"public-read|"authenticated-read'
                    )
                else false
            end as is_anyone,
            -- canonical ids that are not the owner's
            case
                when documents.gives = 'acl'
                then
                    list_filter(
                        list_concat(
                            regexp_extract_all(
                                coalesce(documents.document ->> '$.AccessControlPolicy.AccessControlList', ''),
                                '"ID":\s*"([^"]+)"',
                                1
                            ),
                            regexp_extract_all(documents.document, 'id=\\*"([0-9a-fA-F]{40,64})', 1)
                        ),
                        lambda id:id is distinct from documents.document ->> '$.AccessControlPolicy.Owner.ID'
                    )
                else []
            end as canonical_ids,
            case
                when documents.gives in ('role_policy', 'role')
                then
                    list_transform(
                        flatten(
                            list_transform(
                                documents.statements,
                                lambda s:regexp_extract_all(coalesce(s ->> '$.Principal.Federated', ''), '[^\[\]",\s]+')
                            )
                        ),
                        lambda p:regexp_replace(p, '^(https?:/{2}|arn:[^/]*/)', '')
                    )
                else []
            end as providers,
            case
                when documents.gives = 'new_hosts'
                then list_distinct(regexp_extract_all(coalesce(documents.document, ''), '\b(i-[0-9a-zA-Z]{8,})', 1))
                when documents.gives in ('host', 'function')
                then [documents.subject]
                when documents.gives = 'user_data' and documents.document is not null
                then [documents.subject]
                else []
            end as hosts
        from documents
    ),

    ended as (
        select
            told.*,
            coalesce(told.tenant_id, '') || '/' as place,
            list_filter(list_distinct(told.accounts), lambda a:a <> told.tenant_id) as other_accounts
        from told
    ),

    ends as (
        select
            ended.* exclude (raw, document, accounts, hosts, canonical_ids),
            unnest(
                list_distinct(
                    list_concat(
                        list_transform(
                            ended.other_accounts,
                            lambda a:struct_pack(thing_id := 'aws-account:' || a, kind := 'foreign_account', name := a)
                        ),
                        list_transform(
                            ended.canonical_ids,
                            lambda a:struct_pack(thing_id := 'aws-account:canonical/' || a, kind := 'foreign_account', name := a)
                        ),
                        case
                            when ended.is_anyone
                            then
                                [
                                    struct_pack(
                                        thing_id := 'aws-anyone:' || ended.place || coalesce(ended.subject, ''),
                                        kind := 'anyone',
                                        name := 'anybody'
                                    )
                                ]
                            else []
                        end,
                        list_transform(
                            ended.providers,
                            lambda p:struct_pack(
                                thing_id := 'trust:' || ended.place || ended.subject || '/' || p, kind := 'trust', name := p
                            )
                        ),
                        list_transform(
                            ended.hosts, lambda h:struct_pack(thing_id := 'code:' || ended.place || h, kind := 'code', name := h)
                        ),
                        case
                            when ended.gives in ('principal', 'directory_user')
                            then
                                [
                                    struct_pack(
                                        thing_id := 'principal:' || ended.place || ended.subject,
                                        kind := 'principal',
                                        name := ended.subject
                                    )
                                ]
                            when ended.gives = 'role'
                            then
                                [
                                    struct_pack(
                                        thing_id := 'principal:' || ended.place || 'role/' || ended.subject,
                                        kind := 'principal',
                                        name := ended.subject
                                    )
                                ]
                            when ended.gives in ('login', 'directory_login')
                            then
                                [
                                    struct_pack(
                                        thing_id := 'login:' || ended.place || ended.subject,
                                        kind := 'login',
                                        name := ended.subject
                                    )
                                ]
                            when ended.gives in ('method', 'directory_method')
                            then
                                [
                                    struct_pack(
                                        thing_id := 'method:' || ended.place || ended.subject,
                                        kind := 'method',
                                        name := ended.subject
                                    )
                                ]
                            when ended.gives = 'credential'
                            then
                                [
                                    struct_pack(
                                        thing_id
                                        := 'credential:'
                                        || ended.place
                                        || coalesce(ended.subject, '')
                                        || coalesce('/' || ended.document, ''),
                                        kind := 'credential',
                                        name := ended.subject
                                    )
                                ]
                            when ended.gives = 'key_status' and ended.document = 'Active'
                            then
                                [
                                    struct_pack(
                                        thing_id := 'aws-key:' || ended.subject, kind := 'access_key', name := ended.subject
                                    )
                                ]
                            when ended.gives = 'provider'
                            then
                                [
                                    struct_pack(
                                        thing_id := 'trust:' || ended.place || ended.subject,
                                        kind := 'trust',
                                        name := ended.subject
                                    )
                                ]
                            when ended.gives = 'secret'
                            then
                                [
                                    struct_pack(
                                        thing_id := 'secret:' || ended.place || coalesce(ended.subject, ended.action),
                                        kind := 'secret',
                                        name := ended.subject
                                    )
                                ]
                            when ended.gives = 'path_out'
                            then
                                [
                                    struct_pack(
                                        thing_id := 'path-out:' || ended.place || coalesce(ended.subject, ended.event_id),
                                        kind := 'path_out',
                                        name := ended.subject
                                    )
                                ]
                            -- a policy that lets in nobody from elsewhere is a grant within the organisation
                            when
                                ended.gives = 'grant'
                                or (
                                    ended.gives in ('policy', 'role_policy', 'topic_policy', 'grantee')
                                    and ended.document is not null
                                )
                            then
                                [
                                    struct_pack(
                                        thing_id := 'grant:' || ended.place || coalesce(ended.subject, ended.event_id),
                                        kind := 'grant',
                                        name := ended.subject
                                    )
                                ]
                            else []
                        end
                    )
                )
            ) as ended_in
        from ended
    ),

    foreign_ends as (
        select
            ends.* exclude (other_accounts, providers, is_anyone),
            ends.ended_in.kind in ('foreign_account', 'anyone')
            or (ends.ended_in.kind = 'trust' and ends.gives in ('role', 'role_policy')) as is_let_in,
            lag(ends.occurred_at) over (
                partition by ends.tenant_id, ends.service, ends.subject, ends.ended_in.thing_id, ends.action in ('CreateRole')
                order by ends.occurred_at, ends.event_id
            ) as last_named_at,
            max(ends.occurred_at) over (
                partition by ends.tenant_id, ends.service, ends.subject, ends.gives
                order by ends.occurred_at
                range between unbounded preceding and interval 1 microsecond preceding
            ) as last_written_at
        from ends
        left join int_aws_accounts as own on ends.ended_in.name = own.account_id and ends.ended_in.kind = 'foreign_account'
        where own.account_id is null
    )

select
    foreign_ends.* exclude (ended_in, is_let_in, last_named_at, last_written_at, target, target_tenant_id, told_subject, kind),
    foreign_ends.ended_in.thing_id as to_thing_id,
    foreign_ends.ended_in.kind as to_kind,
    foreign_ends.ended_in.name as to_name,
    case
        when foreign_ends.ended_in.kind = 'grant'
        then 'grants'
        when foreign_ends.gives = 'role' and foreign_ends.is_let_in
        then 'opens_trust'
        else foreign_ends.kind
    end as kind,
    case
        foreign_ends.ended_in.kind
        when 'foreign_account'
        then
            case foreign_ends.kind when 'shares' then 'shared ' else 'let in by ' || foreign_ends.action || ' on ' end
            || coalesce(foreign_ends.subject, 'a resource')
            || ': account '
            || foreign_ends.ended_in.name
            || ', whose own trail is not in these logs'
        when 'anyone'
        then foreign_ends.action || ' opened ' || coalesce(foreign_ends.subject, 'a resource') || ' to anybody'
        when 'trust'
        then foreign_ends.action || ' lets ' || coalesce(foreign_ends.ended_in.name, 'an identity provider') || ' vouch for users'
        when 'code'
        then foreign_ends.action || ' on ' || foreign_ends.ended_in.name
        else foreign_ends.action || coalesce(' on ' || foreign_ends.subject, '')
    end as why
from foreign_ends
where
    (
        not foreign_ends.is_let_in
        -- a policy that lets in somebody from elsewhere is told by that
        and not (
            foreign_ends.ended_in.kind = 'grant'
            and foreign_ends.event_id in (select others.event_id from foreign_ends as others where others.is_let_in)
        )
    )
    or (foreign_ends.is_let_in and foreign_ends.gives in ('members', 'grantee', 'acl', 'function_url'))
    or (foreign_ends.is_let_in and foreign_ends.last_named_at is null)
    or (foreign_ends.is_let_in and foreign_ends.last_written_at is null)
    or (foreign_ends.is_let_in and foreign_ends.last_named_at < foreign_ends.last_written_at)

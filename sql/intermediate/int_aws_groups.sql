-- AWS credential groups: which session each belongs to, and whose it is. Grain: group_id.
-- A group is a console session (principal and creation date, for the console mints a key per request), a key, or a portal
-- session of Identity Center. What one event of a group says (its sign-in session, on whose behalf) holds for all of it, whatever
-- service wrote it and whenever it was delivered. A role or a federated session is the person's who took it on, and of the names
-- a session gives itself only the outermost counts, for a role's user may choose any.
with recursive
    told as (
        select
            events.source,
            events.tenant_id,
            events.event_id,
            events.occurred_at,
            events.action,
            events.outcome,
            events.principal_id,
            events.issued_credential_id,
            events.issued_session_id,
            events.session_started_at,
            events.token_id,
            events.credential_kind,
            case
                when events.credential_kind in ('temporary_key', 'access_key')
                then 'aws-key:' || events.credential_id
                else 'aws-session:' || events.session_id
            end as group_id,
            coalesce(
                identities.person_id,
                case
                    when contains(events.principal_name, '@') and events.principal_kind in ('user', 'role', 'federated')
                    then lower(events.principal_name)
                    when events.principal_kind = 'user' and events.principal_name is not null
                    then 'arn:aws:iam::' || events.principal_tenant_id || ':user/' || lower(events.principal_name)
                    when events.principal_kind = 'root'
                    then 'arn:aws:iam::' || events.principal_tenant_id || ':root'
                end
            ) as person_id,
            case
                when contains(events.raw, '"onBehalfOf"')
                then
                    struct_pack(
                        store := lower(events.raw ->> '$.userIdentity.onBehalfOf.identityStoreArn'),
                        user_id := lower(events.raw ->> '$.userIdentity.onBehalfOf.userId')
                    )
            end as behalf
        from events
        left join int_identities as identities on lower(events.principal_id) = identities.alias
        where
            events.source = 'aws_cloudtrail'
            and coalesce(events.session_id, events.credential_id) is not null
            and events.occurred_at >= $since
            and events.occurred_at < $until
    ),

    behalves as (
        select
            told.group_id,
            arg_min(
                told.behalf, struct_pack(at := told.occurred_at, event_id := told.event_id, user_id := told.behalf.user_id)
            ) as behalf
        from told
        where told.behalf.user_id is not null
        group by told.group_id
    ),

    -- a user id belongs to one identity store: where two have the same, the id alone is nobody's
    stores as (
        select behalves.behalf.user_id as user_id, count(distinct behalves.behalf.store) as store_count from behalves group by all
    ),

    groups as (
        select
            told.group_id,
            -- CreateOAuth2Token names the session that it mints, not the one that it was made in
            min(told.token_id) filter (
                told.action <> 'CreateOAuth2Token' and told.credential_kind is distinct from 'access_key'
            ) as sign_in_id,
            arg_min(told.person_id, struct_pack(at := told.occurred_at, event_id := told.event_id)) as own_person_id,
            min(told.principal_id) as principal_id,
            min(told.session_started_at) as started_at
        from told
        group by told.group_id
    ),

    owned as (
        select
            groups.*,
            behalves.behalf.user_id as identity_user_id,
            case
                when behalves.behalf is not null
                then
                    coalesce(
                        by_store.person_id,
                        case when stores.store_count <= 1 then by_user.person_id end,
                        'identity-center:' || coalesce(behalves.behalf.store, '') || '|' || behalves.behalf.user_id
                    )
            end as behalf_person_id
        from groups
        left join behalves using (group_id)
        left join stores on behalves.behalf.user_id = stores.user_id
        left join int_identities as by_store on behalves.behalf.store || '|' || behalves.behalf.user_id = by_store.alias
        left join int_identities as by_user on behalves.behalf.user_id = by_user.alias
    ),

    issues as (
        select told.* exclude (behalf)
        from told
        where
            told.outcome = 'success'
            and coalesce(told.issued_credential_id, told.issued_session_id) is not null
            -- an access key made for a user is that user's, whoever made it
            and told.action <> 'CreateAccessKey'
    ),

    parents as (
        select
            children.group_id,
            arg_min(issues.group_id, struct_pack(at := issues.occurred_at, event_id := issues.event_id)) as parent_id
        from
            (
                select 'aws-key:' || issues.issued_credential_id as child_id, issues.*
                from issues
                where issues.issued_credential_id is not null
                union all by name
                select owned.group_id as child_id, issues.*
                from issues
                inner join
                    owned
                    on issues.issued_session_id = owned.principal_id
                    and owned.started_at
                    between issues.occurred_at - interval 2 seconds and issues.occurred_at + interval 2 seconds
            ) as issues
        inner join owned as children on issues.child_id = children.group_id and issues.group_id <> children.group_id
        group by children.group_id
    ),

    lineage(group_id, ancestor_id, depth) as (
        select owned.group_id, owned.group_id as ancestor_id, 0 as depth
        from owned
        union
        select lineage.group_id, parents.parent_id as ancestor_id, lineage.depth + 1 as depth
        from lineage
        inner join parents on lineage.ancestor_id = parents.group_id
        where lineage.depth < 12
    ),

    traced as (
        select
            lineage.group_id,
            arg_min(owned.behalf_person_id, lineage.depth) as behalf_person_id,
            arg_max(owned.own_person_id, lineage.depth) as own_person_id,
            arg_min(owned.identity_user_id, lineage.depth) as identity_user_id,
            max(lineage.depth) as depth
        from lineage
        inner join owned on lineage.ancestor_id = owned.group_id
        group by lineage.group_id
    )

select
    owned.group_id,
    case when owned.sign_in_id is not null then 'aws-session:' || owned.sign_in_id else owned.group_id end as thing_id,
    coalesce(traced.behalf_person_id, traced.own_person_id) as person_id,
    traced.identity_user_id,
    owned.principal_id,
    owned.started_at,
    -- whose it is, is known from the one that it was taken on with
    traced.depth > 0
    and owned.behalf_person_id is null
    and coalesce(traced.behalf_person_id, traced.own_person_id) is distinct from owned.own_person_id as is_inherited
from owned
inner join traced using (group_id)

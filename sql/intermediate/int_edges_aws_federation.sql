-- Identity providers, trust anchors and roles that were opened to others, and the sessions taken on through them. Grain:
-- from_thing_id, to_thing_id, event. The provider stands in the record of the session's making. A provider that was there
-- before brings everybody else's sessions too: those count as far as their network speaks for them.
with
    trusts as (
        select
            powers.to_thing_id,
            powers.to_kind,
            powers.tenant_id,
            powers.action,
            powers.gives,
            powers.opens,
            powers.network_id,
            powers.occurred_at,
            lower(powers.to_name) as provider,
            lower(powers.subject) as subject
        from int_aws_powers as powers
        where powers.to_kind in ('trust', 'anyone')
    ),

    issues as (
        select
            holders.*,
            lower(
                concat_ws(
                    ' ',
                    events.raw ->> '$.requestParameters.principalArn',
                    events.raw ->> '$.userIdentity.identityProvider',
                    events.raw ->> '$.userIdentity.principalId',
                    events.raw ->> '$.requestParameters.trustAnchorArn',
                    events.raw ->> '$.requestParameters.profileArn'
                )
            ) as told_provider
        from int_event_holders as holders
        inner join
            events
            on holders.event_id = events.event_id
            and events.source = 'aws_cloudtrail'
            and holders.occurred_at = events.occurred_at
            and holders.tenant_id is not distinct from events.tenant_id
        where
            holders.source = 'aws_cloudtrail'
            and holders.outcome = 'success'
            and (
                holders.action in ('AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity')
                or (holders.service = 'rolesanywhere.amazonaws.com' and holders.action = 'CreateSession')
                or (holders.action = 'AssumeRole' and starts_with(holders.thing_id, 'aws-account:'))
            )
            and exists (select 1 from trusts)
    ),

    through as (
        select
            trusts.to_thing_id as from_thing_id,
            trusts.action as opened_by,
            case when trusts.gives in ('role', 'role_policy') then 'identity_provider' else trusts.opens end as opens,
            case
                when trusts.network_id = issues.network_id
                then 'same'
                when coalesce(origins.is_new_network, true)
                then 'new'
                when origins.is_unusual_network
                then 'odd'
                else 'usual'
            end as relation,
            coalesce(origins.thing_id, aws_groups.thing_id, 'aws-key:' || issues.issued_credential_id) as to_thing_id,
            issues.*
        from trusts
        inner join
            issues
            on issues.occurred_at >= trusts.occurred_at
            and case
                when trusts.to_kind = 'anyone'
                then
                    trusts.gives in ('role', 'role_policy')
                    and issues.action = 'AssumeRole'
                    and ends_with(lower(issues.target_id), '/' || trusts.subject)
                when trusts.gives in ('role', 'role_policy')
                then contains(issues.told_provider, trusts.provider) and ends_with(lower(issues.target_id), '/' || trusts.subject)
                else contains(issues.told_provider, trusts.provider)
            end
        left join int_aws_groups as aws_groups on 'aws-key:' || issues.issued_credential_id = aws_groups.group_id
        left join int_session_origins as origins on aws_groups.thing_id = origins.thing_id
        where issues.issued_credential_id is not null
    )

select
    through.occurred_at,
    through.from_thing_id,
    through.to_thing_id,
    'temporary_key' as to_kind,
    'opens_session' as kind,
    opening_confidences.confidence,
    through.source,
    through.tenant_id,
    through.event_id,
    through.action
    || ' of '
    || coalesce(through.target_id, 'a role')
    || ' '
    || opening_confidences.words
    || ', after '
    || through.opened_by as why
from through
inner join opening_confidences on through.opens = opening_confidences.opens and through.relation = opening_confidences.relation

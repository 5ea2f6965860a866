-- Acts in Entra, Azure, Microsoft 365 and Okta that give somebody power, with what the record says of who gains what. Grain:
-- event. JSON is read of these acts only. Rows of one operation are read together: the start row of an Azure role assignment
-- holds the body and the end row the outcome. A row of the unified audit log is left out whose twin (same correlation, same
-- action) the directory audit holds.
with
    candidates as (
        select
            events.source,
            events.tenant_id,
            events.event_id,
            events.occurred_at,
            events.outcome,
            events.action,
            events.principal_id,
            events.principal_kind,
            lower(events.target_id) as target_id,
            events.target_name,
            events.target_kind,
            events.issued_credential_id,
            events.raw,
            empowering_actions.kind,
            empowering_actions.gives,
            empowering_actions.opens,
            lower(
                list_filter(
                    json_extract_string(
                        events.raw,
                        [
                            '$.properties.correlationId',
                            '$.CorrelationId',
                            '$.correlationId',
                            '$.InterSystemsId',
                            '$.transaction.id'
                        ]
                    ),
                    lambda id:id <> ''
                )[1]
            ) as correlation_id,
            try_cast(
                coalesce(events.raw ->> '$.properties.targetResources', events.raw ->> '$.TargetResources') as json
            ) as targets,
            try_cast(events.raw ->> '$.ModifiedProperties' as json) as directory_changes,
            -- an Exchange cmdlet's parameters, or what an Outlook client changed
            coalesce(
                from_json(try_cast(events.raw ->> '$.Parameters' as json), '[{"Name": "VARCHAR", "Value": "VARCHAR"}]'),
                from_json(try_cast(events.raw ->> '$.OperationProperties' as json), '[{"Name": "VARCHAR", "Value": "VARCHAR"}]'),
                []
            ) as parameters
        from events
        inner join
            empowering_actions
            on events.source = empowering_actions.source
            and lower(events.action) = lower(empowering_actions.action)
        where events.outcome <> 'failure' and events.occurred_at >= $since and events.occurred_at < $until
    ),

    changed as (
        select
            candidates.*,
            -- the body of a request or of its answer, an object or its text
            replace(
                concat_ws(
                    ' ',
                    candidates.raw ->> '$.properties.requestbody',
                    candidates.raw ->> '$.properties.requestBody',
                    candidates.raw ->> '$.properties.responseBody',
                    candidates.raw ->> '$.properties.responsebody',
                    candidates.raw ->> '$.Properties_d',
                    candidates.raw ->> '$.Properties'
                ),
                '\"',
                '"'
            ) as body,
            list_concat(
                list_transform(
                    flatten(
                        list_transform(
                            coalesce(from_json(candidates.targets, '[{"modifiedProperties": "JSON"}]'), []),
                            lambda t:coalesce(
                                from_json(
                                    try_cast(t.modifiedProperties ->> '$' as json),
                                    '[{"displayName": "VARCHAR", "oldValue": "VARCHAR", "newValue": "VARCHAR"}]'
                                ),
                                []
                            )
                        )
                    ),
                    lambda m:struct_pack(name := m.displayName, old := m.oldValue, new := m.newValue)
                ),
                list_transform(
                    coalesce(
                        from_json(
                            candidates.directory_changes, '[{"Name": "VARCHAR", "OldValue": "VARCHAR", "NewValue": "VARCHAR"}]'
                        ),
                        []
                    ),
                    lambda m:struct_pack(name := m.Name, old := m.OldValue, new := m.NewValue)
                )
            ) as changes
        from candidates
    ),

    told as (
        select
            changed.* exclude (raw, body, targets, directory_changes, changes, parameters),
            list_transform(
                [
                    'ServicePrincipal.ObjectID',
                    'ServicePrincipal.AppId',
                    'AppId',
                    'AppPrincipalId',
                    'TargetId.ServicePrincipalNames',
                    'Role.DisplayName',
                    'AppRole.Value',
                    'DelegatedPermissionGrant.Scope',
                    'ServicePrincipal.DisplayName',
                    'DeviceId'
                ],
                lambda n:nullif(trim(list_filter(changed.changes, lambda c:c.name = n)[1].new, '[]" ' || chr(10) || chr(13)), '')
            ) as told_values,
            regexp_extract_all(
                list_filter(changed.changes, lambda c:c.name = 'KeyDescription')[1].new,
                '(?i)KeyIdentifier=([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})',
                1
            ) as keys_after,
            list_filter(changed.changes, lambda c:c.name = 'KeyDescription')[1].old as keys_before,
            list_filter(changed.changes, lambda c:c.name = 'FederatedIdentityCredentials')[1] as federated,
            coalesce(changed.raw ->> '$.properties.resultReason', changed.raw ->> '$.ResultReason', '') as reason,
            -- the actor has a principalId of his own in the record; the body names who gains
            list_filter(
                [
                    regexp_extract(
                        changed.body, '(?i)"principalId\\*"\s*:\s*\\*"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})', 1
                    ),
                    regexp_extract(
                        changed.raw,
                        '(?i)addedAccessPolicy(?:_ObjectId_g"|"\s*:\s*\{[^}]*"ObjectId")\s*:\s*"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})',
                        1
                    )
                ],
                lambda id:id <> ''
            )[1] as body_principal_id,
            contains(lower(changed.raw), 'accesspolic') as has_access_policy,
            regexp_extract(changed.body, '(?i)"issuer\\*"\s*:\s*\\*"([^"\\]+)', 1) as body_issuer,
            coalesce(
                changed.raw ->> '$.debugContext.debugData.privilegeGranted',
                case
                    when changed.gives = 'grant' and changed.source = 'm365_audit'
                    then
                        list_filter(changed.parameters, lambda p:p.Name in ('User', 'Trustee', 'Member') and p.Value <> '')[
                            1
                        ].Value
                end
            ) as told_detail,
            json_extract_string(changed.raw, '$.target[*].id') as okta_target_ids,
            regexp_extract(changed.raw, '(?i)"device ?id",\s*"value"\s*:\s*"([0-9a-f-]{36})"', 1) as detailed_device_id,
            list_filter(
                changed.parameters,
                lambda p: (
                    p.Name in (
                        'ForwardTo',
                        'RedirectTo',
                        'ForwardAsAttachmentTo',
                        'ForwardingSmtpAddress',
                        'ForwardingAddress',
                        'BlindCopyTo',
                        'RedirectMessageTo',
                        'CopyTo',
                        'SmartHosts'
                    )
                    and coalesce(p.Value, '') <> ''
                )
                or (p.Name = 'RuleActions' and regexp_matches(p.Value, '(?i)forward|redirect'))
            ) as diversions
        from changed
    ),

    together as (
        select
            told.*,
            coalesce(
                told.body_principal_id,
                max(told.body_principal_id) over (
                    partition by told.source, coalesce(told.correlation_id, told.event_id), told.action
                )
            ) as grantee_id,
            coalesce(
                nullif(told.body_issuer, ''),
                max(nullif(told.body_issuer, '')) over (
                    partition by told.source, coalesce(told.correlation_id, told.event_id), told.action
                )
            ) as told_issuer,
            bool_or(told.has_access_policy) over (
                partition by told.source, coalesce(told.correlation_id, told.event_id), told.action
            ) as is_about_access,
            told.source = 'm365_audit'
            and told.correlation_id is not null
            and bool_or(told.source = 'entra_audit') over (partition by told.correlation_id, lower(told.action)) as is_twin
        from told
    ),

    held as (
        select
            together.*,
            holders.network_id,
            holders.source_ip,
            holders.principal_name,
            holders.thing_id,
            holders.confidence,
            list_distinct(
                list_filter(
                    list_transform(
                        case
                            when together.gives = 'application' and together.told_values[1] is not null
                            then [together.told_values[1], together.told_values[2]]
                            when together.source = 'okta_system'
                            then list_append(coalesce(together.okta_target_ids, []), together.target_id)
                            else
                                [
                                    together.target_id,
                                    together.told_values[1],
                                    together.told_values[2],
                                    together.told_values[3],
                                    together.told_values[4],
                                    split_part(together.told_values[5], ';', 1),
                                    case when contains(together.target_name, '@') then together.target_name end
                                ]
                        end,
                        lambda id:lower(id)
                    ),
                    lambda id:id <> ''
                )
            ) as subject_ids
        from together
        inner join
            int_event_holders as holders
            on together.source = holders.source
            and together.event_id = holders.event_id
            and together.occurred_at = holders.occurred_at
            and together.tenant_id is not distinct from holders.tenant_id
        where not together.is_twin
    )

select
    held.source,
    held.tenant_id,
    held.event_id,
    held.occurred_at,
    held.action,
    held.thing_id,
    held.confidence,
    held.principal_id,
    held.principal_name,
    held.network_id,
    held.kind,
    held.gives,
    case when contains(lower(held.reason), 'temporary access pass') then 'access_pass' else held.opens end as opens,
    held.target_id,
    held.target_name,
    held.target_kind,
    held.subject_ids,
    held.grantee_id,
    coalesce(
        case when held.gives = 'application' then held.told_values[9] end, held.target_name, held.target_id, held.event_id
    ) as subject,
    coalesce(
        held.told_values[6],
        held.told_values[7],
        held.told_values[8],
        held.told_detail,
        case when len(held.diversions) > 0 then held.diversions[1].Name || ' ' || held.diversions[1].Value end
    ) as detail,
    held.reason,
    list_filter(
        coalesce(nullif(list_transform(held.keys_after, lambda key_id:lower(key_id)), []), [held.issued_credential_id]),
        lambda key_id:key_id is not null and not contains(lower(coalesce(held.keys_before, '')), key_id)
    ) as key_ids,
    list_filter(
        regexp_extract_all(lower(held.federated.new), '"id\\*"\s*:\s*\\*"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})', 1),
        lambda id: not contains(lower(coalesce(held.federated.old, '')), id)
    ) as federated_ids,
    nullif(
        coalesce(nullif(regexp_extract(held.federated.new, '(?i)issuer\\*"?\s*:\s*\\*"?([^"\\,]+)', 1), ''), held.told_issuer), ''
    ) as issuer,
    list_distinct(
        list_filter(
            [lower(held.told_values[10]), lower(nullif(held.detailed_device_id, '')), held.target_id], lambda id:id is not null
        )
    ) as device_ids,
    held.federated is not null or held.source = 'azure_activity' as has_federated_credential,
    held.is_about_access as has_access_policy,
    len(held.diversions) > 0 as is_diverting
from held
where held.outcome = 'success'

-- Microsoft 365 unified audit log as events: one record shape for all services, of which each fills fields of its own. Grain:
-- one landed record.
-- ResultStatus of a sign-in is that of the HTTP request: operation, ErrorNumber and LogonError say whether it worked.
with
    parsed as (
        select
            landed.*,
            from_json(
                landed.record,
                '{
                    "Id": "VARCHAR", "CreationTime": "VARCHAR", "OrganizationId": "VARCHAR", "Workload": "VARCHAR", "Operation": "VARCHAR",
                    "RecordType": "VARCHAR", "ResultStatus": "VARCHAR", "IsSuccess": "VARCHAR", "ErrorNumber": "VARCHAR",
                    "ErrorCode": "VARCHAR", "LoginStatus": "VARCHAR", "LogonError": "VARCHAR", "UserId": "VARCHAR", "UserKey": "VARCHAR",
                    "UserType": "VARCHAR", "TokenObjectId": "VARCHAR", "TokenTenantId": "VARCHAR", "ActorContextId": "VARCHAR",
                    "TargetContextId": "VARCHAR", "ResourceTenantId": "VARCHAR", "ClientIP": "VARCHAR", "ClientIPAddress": "VARCHAR",
                    "ActorIpAddress": "VARCHAR", "UserAgent": "VARCHAR", "ClientInfoString": "VARCHAR", "SessionId": "VARCHAR",
                    "ApplicationId": "VARCHAR", "ClientAppId": "VARCHAR", "AppId": "VARCHAR", "DeviceId": "VARCHAR", "GeoLocation": "VARCHAR",
                    "ObjectId": "VARCHAR", "ItemType": "VARCHAR", "SourceFileName": "VARCHAR", "MailboxGuid": "VARCHAR",
                    "MailboxOwnerUPN": "VARCHAR", "TeamGuid": "VARCHAR", "TeamName": "VARCHAR", "ChatThreadId": "VARCHAR",
                    "ItemName": "VARCHAR", "ModifiedObjectResolvedName": "VARCHAR", "FileSizeBytes": "VARCHAR",
                    "FileSyncBytesCommitted": "VARCHAR", "AppAccessContext": "JSON", "Actor": "JSON", "Target": "JSON",
                    "ExtendedProperties": "JSON", "ModifiedProperties": "JSON", "DeviceProperties": "JSON", "Parameters": "JSON",
                    "Folders": "JSON"
                }'
            ) as e
        from landed
        where landed.source = 'm365_audit'
    ),

    -- the lists of names and values; null where a service writes mere text
    opened as (
        select
            parsed.*,
            operation(e.Operation) as action,
            from_json(
                unwrapped(e.AppAccessContext), '{"AADSessionId": "VARCHAR", "UniqueTokenId": "VARCHAR", "ClientAppId": "VARCHAR"}'
            ) as access,
            from_json(unwrapped(e.Actor), '[{"ID": "VARCHAR", "Type": "VARCHAR"}]') as actors,
            from_json(unwrapped(e.Target), '[{"ID": "VARCHAR", "Type": "VARCHAR"}]') as targets,
            from_json(unwrapped(e.ExtendedProperties), '[{"Name": "VARCHAR", "Value": "VARCHAR"}]') as extended,
            from_json(unwrapped(e.DeviceProperties), '[{"Name": "VARCHAR", "Value": "VARCHAR"}]') as device,
            from_json(unwrapped(e.Parameters), '[{"Name": "VARCHAR", "Value": "VARCHAR"}]') as parameters,
            from_json(unwrapped(e.Folders), '[{"FolderItems": [{"SizeInBytes": "UINTEGER"}]}]') as folders,
            list_filter(
                from_json(unwrapped(e.ModifiedProperties), '[{"Name": "VARCHAR", "OldValue": "VARCHAR", "NewValue": "VARCHAR"}]'),
                lambda m:m.Name = 'KeyDescription'
            )[1] as keys
        from parsed
    ),

    -- who and what, as the directory lists them: type 0 is a claim, 1 a name, 2 an id (`User_` and the object id, the bare
    -- object id, an application's id), 5 a UPN
    identified as (
        select
            opened.*,
            coalesce(
                lower(action) in ('userloggedin', 'userloginfailed')
                or e.RecordType in ('9', '15', 'AzureActiveDirectoryAccountLogon', 'AzureActiveDirectoryStsLogon'),
                false
            ) as is_sign_in,
            lower(coalesce(nullif(e.ResultStatus, ''), nullif(e.IsSuccess, ''))) as result_status,
            coalesce(nullif(e.ErrorNumber, ''), nullif(e.ErrorCode, ''), nullif(e.LoginStatus, '')) as error_number,
            nullif(nullif(e.LogonError, ''), 'None') as logon_error,
            lower(e.UserType) as user_type,
            coalesce(
                case
                    when not regexp_full_match(e.UserId, '|Unknown|Not Available|<null>')
                    then regexp_replace(e.UserId, '^urn:spo:guest#', '')
                end,
                list_filter(actors, lambda a:a.Type = '5')[1].ID
            ) as user_name,
            list_filter(actors, lambda a:a.Type = '2' and regexp_full_match(a.ID, '[A-Z][A-Za-z]+_[^@ ]+'))[1].ID as actor_tag,
            list_filter(targets, lambda t:t.Type = '2' and regexp_full_match(t.ID, '[A-Z][A-Za-z]+_[^@ ]+'))[1].ID as target_tag,
            case when not regexp_full_match(e.ObjectId, '|Unknown.*|Not Available|<null>') then e.ObjectId end as object_id,
            try_cast(list_filter(extended, lambda x:x.Name = 'additionalDetails')[1].Value as json) as details,
            list_filter(extended, lambda x:x.Name = 'RequestType')[1].Value as request_type,
            try_cast(list_filter(extended, lambda x:x.Name = 'UserAuthenticationMethod')[1].Value as bigint) as method_bits
        from opened
    ),

    shaped as (
        select
            identified.*,
            split_part(actor_tag, '_', 1) as actor_kind,
            nullif(
                lower(regexp_replace(actor_tag, '^[A-Za-z]+_', '')), '00000000-0000-0000-0000-000000000000'
            ) as actor_object_id,
            case
                when lower(action) = 'userloginfailed'
                then 'failure'
                -- 50140 asks a user who has signed in whether to stay signed in
                when
                    is_sign_in
                    and error_number is distinct from '50140'
                    and (coalesce(error_number, '0') <> '0' or logon_error is not null)
                then 'failure'
                when result_status in ('success', 'succeeded', 'successful', 'partiallysucceeded', 'true')
                then 'success'
                when result_status in ('failed', 'failure', 'false')
                then 'failure'
                -- these write no status, and only what was done
                when
                    result_status is null
                    and (lower(action) = 'userloggedin' or lower(e.Workload) in ('sharepoint', 'onedrive', 'microsoftteams'))
                then 'success'
                else 'unknown'
            end as outcome
        from identified
    )

select
    coalesce(nullif(e.Id, ''), 'sha256:' || sha256(record)) as event_id,
    source,
    utc(e.CreationTime) as occurred_at,
    null::timestamp as received_at,
    'm365' as provider,
    lower(nullif(e.OrganizationId, '')) as tenant_id,
    nullif(e.GeoLocation, '') as region,
    nullif(e.Workload, '') as service,
    action,
    outcome,
    case
        when outcome = 'failure'
        then coalesce(case when is_sign_in then nullif(error_number, '0') end, logon_error, nullif(e.ResultStatus, ''))
    end as error_code,
    regexp_full_match(
        action,
        '(?i)\w*(Accessed|Viewed|Previewed|Prefetched|Downloaded|DownloadedFull|DownloadedPartial|QueryPerformed)(Extended)?|FileVisited|(Folder|Message)Bind|View\w+|(Get|Search|Test|Find)-\w+'
    ) as is_read_only,
    lower(
        coalesce(
            actor_object_id,
            list_filter(actors, lambda a:a.Type = '0' and not regexp_full_match(a.ID, '|Unknown|Not Available'))[1].ID,
            nullif(e.TokenObjectId, ''),
            -- elsewhere the key is a passport id, which no other log knows
            case when regexp_full_match(e.UserKey, '(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}') then e.UserKey end,
            nullif(regexp_extract(user_name, '^ServicePrincipal_(.+)$', 1), ''),
            user_name
        )
    ) as principal_id,
    case
        when actor_kind = 'ServicePrincipal'
        then coalesce(list_filter(actors, lambda a:a.Type = '1')[1].ID, user_name)
        else user_name
    end as principal_name,
    case
        when actor_kind = 'ServicePrincipal' or starts_with(user_name, 'ServicePrincipal_')
        then 'service_principal'
        when actor_kind = 'User'
        then 'user'
        when user_name is null
        then null
        when regexp_matches(user_name, '(?i)^(anonymous$|urn:spo:anon)')
        then 'anonymous'
        when regexp_matches(user_name, '(?i)^(nt authority\\|nt service\\|sharepoint\\|app@sharepoint$|s-1-5-18$)')
        then 'service'
        when user_type in ('5', '6', 'application', 'serviceprincipal')
        then 'service_principal'
        when user_type in ('3', '4', '7', '8', 'dcadmin', 'system', 'custompolicy', 'systempolicy')
        then 'service'
        when user_type in ('0', '1', '2', 'regular', 'reserved', 'admin', 'guest') or contains(user_name, '@')
        then 'user'
    end as principal_kind,
    lower(coalesce(nullif(e.TokenTenantId, ''), nullif(e.ActorContextId, ''))) as principal_tenant_id,
    null::varchar as credential_id,
    null::varchar as credential_kind,
    coalesce(
        nullif(access.AADSessionId, ''),
        nullif(list_filter(device, lambda d:d.Name = 'SessionId')[1].Value, ''),
        nullif(e.SessionId, '')
    ) as session_id,
    -- AppAccessContext.IssuedAtTime is the time of a token, and a session outlives its tokens
    null::timestamp as session_started_at,
    nullif(rtrim(access.UniqueTokenId, '='), '') as token_id,
    case
        when
            is_sign_in
            and outcome = 'success'
            and (
                starts_with(request_type, 'SAS:')
                -- phone sign-in, Windows Hello, macOS platform credential, passkey: bits 6, 18, 23 and 25 of
                -- https://blog.sekoia.io/userauthenticationmethod-microsoft-365-decoded/
                or (method_bits & 42205248) <> 0
            )
        then true
    end as is_mfa,
    null::varchar as issuer_id,
    null::varchar as source_identity,
    lower(
        coalesce(
            nullif(access.ClientAppId, ''),
            nullif(e.ApplicationId, ''),
            nullif(e.ClientAppId, ''),
            nullif(e.AppId, ''),
            list_filter(
                actors,
                lambda a:a.Type = '2'
                and regexp_full_match(a.ID, '(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}')
                and not contains(lower(actor_tag), lower(a.ID))
            )[1].ID
        )
    ) as app_id,
    coalesce(nullif(list_filter(device, lambda d:d.Name = 'Id')[1].Value, ''), nullif(e.DeviceId, '')) as device_id,
    coalesce(address(e.ClientIP), address(e.ClientIPAddress), address(e.ActorIpAddress)) as source_ip,
    coalesce(
        nullif(e.UserAgent, ''),
        nullif(list_filter(extended, lambda x:x.Name = 'UserAgent')[1].Value, ''),
        nullif(details ->> '$."User-Agent"', ''),
        nullif(e.ClientInfoString, '')
    ) as user_agent,
    null::varchar as country,
    null::bigint as asn,
    case
        when is_sign_in
        then
            lower(
                coalesce(
                    list_filter(targets, lambda t:t.Type = '0' and not regexp_full_match(t.ID, '|Unknown|Not Available'))[1].ID,
                    object_id
                )
            )
        when target_tag is not null
        then lower(regexp_replace(target_tag, '^[A-Za-z]+_', ''))
        when e.RecordType in ('8', 'AzureActiveDirectory')
        then lower(object_id)
        else coalesce(lower(nullif(e.MailboxGuid, '')), object_id, nullif(e.TeamGuid, ''), nullif(e.ChatThreadId, ''))
    end as target_id,
    case
        when not is_sign_in
        then
            coalesce(
                list_filter(targets, lambda t:t.Type = '5')[1].ID,
                list_filter(targets, lambda t:t.Type = '1')[1].ID,
                case when e.RecordType in ('8', 'AzureActiveDirectory') and contains(object_id, '@') then object_id end,
                nullif(e.SourceFileName, ''),
                nullif(e.MailboxOwnerUPN, ''),
                nullif(e.TeamName, ''),
                nullif(e.ItemName, ''),
                nullif(e.ModifiedObjectResolvedName, ''),
                nullif(list_filter(parameters, lambda p:p.Name = 'Identity')[1].Value, ''),
                nullif(list_filter(parameters, lambda p:p.Name = 'Mailbox')[1].Value, '')
            )
    end as target_name,
    case
        when is_sign_in
        then case when target_id is not null then 'application' end
        when target_tag is not null
        then lower(split_part(target_tag, '_', 1))
        when e.RecordType in ('8', 'AzureActiveDirectory')
        then case when contains(object_id, '@') then 'user' end
        when nullif(e.MailboxGuid, '') is not null
        then 'mailbox'
        when nullif(e.ItemType, '') is not null
        then lower(e.ItemType)
        when nullif(e.TeamGuid, '') is not null
        then 'team'
        when nullif(e.ChatThreadId, '') is not null
        then 'chat'
        -- what an Exchange command is about: Set-Mailbox, New-InboxRule
        else nullif(lower(regexp_extract(action, '^[A-Z][a-z]+-([A-Z][A-Za-z]+)$', 1)), '')
    end as target_kind,
    lower(coalesce(nullif(e.TargetContextId, ''), nullif(e.ResourceTenantId, ''))) as target_tenant_id,
    -- the key that is in the new list and not in the old one
    lower(
        list_filter(
            regexp_extract_all(keys.NewValue, 'KeyIdentifier=([0-9a-fA-F-]{36})', 1),
            lambda key_id: not contains(coalesce(keys.OldValue, ''), key_id)
        )[1]
    ) as issued_credential_id,
    null::varchar as issued_session_id,
    try_cast(
        case
            when regexp_full_match(action, '(?i)File(Sync)?Downloaded\w*')
            then try_cast(coalesce(nullif(e.FileSyncBytesCommitted, ''), e.FileSizeBytes) as ubigint)
            when lower(action) = 'mailitemsaccessed'
            then list_sum(list_transform(flatten(list_transform(folders, lambda f:f.FolderItems)), lambda i:i.SizeInBytes))
        end as bigint
    ) as bytes_out,
    masked(record) as raw,
    source_file,
    source_row
from shaped

-- Records as they were read, with the source that each was recognised as by its keys. Grain: one record of `read_records`.
-- Joins nothing: a join loses the reading order, and DuckDB makes one of a long IN, so long lists are patterns here.
with
    checked as (
        select
            read_records.source_file,
            read_records.source_row,
            case when read_records.problem is null then on_one_line(read_records.record) else read_records.record end as record,
            case
                when read_records.problem is not null
                then read_records.problem
                when read_records.record is null or not starts_with(read_records.record, '{')
                then 'not an object'
            end as problem
        from read_records
    ),

    -- one key for the bulk of all records, and the others only where it says nothing
    first_keyed as (
        select checked.*, case when checked.problem is null then checked.record ->> '$.eventSource' end as event_source
        from checked
    ),

    keyed as (
        select
            first_keyed.*,
            json_extract_string(
                case when first_keyed.problem is null and first_keyed.event_source is null then first_keyed.record end,
                [
                    '$.category',
                    '$.Category',
                    '$.Type',
                    '$.operationName',
                    '$.resourceId',
                    '$.LoggedByService',
                    '$.OperationNameValue',
                    '$.ResourceProvider',
                    '$.TimeGenerated',
                    '$._ResourceId',
                    '$.ResourceId',
                    '$.OperationName',
                    '$.eventType',
                    '$.uuid',
                    '$.published',
                    '$.Operation',
                    '$.RecordType',
                    '$.CreationTime',
                    '$.Id',
                    '$.eventCategory',
                    '$.digestEndTime',
                    '$.time',
                    '$.postreset_problem',
                    '$.record',
                    '$.Workload'
                ]
            ) as key
        from first_keyed
    ),

    named as (
        select
            source_file,
            source_row,
            case when key[23] is null then record else coalesce(key[24], record) end as record,
            coalesce(problem, key[23]) as problem,
            event_source,
            lower(coalesce(key[1], key[2])) as category,
            key[3] as table_name,
            upper(key[4]) as operation_name,
            upper(coalesce(key[5], key[10], key[11])) as resource_id,
            key[6] as logged_by_service,
            key[7] as operation_name_value,
            upper(key[8]) as resource_provider,
            key[9] as time_generated,
            key[12] as table_operation_name,
            key[13] as event_type,
            key[14] as uuid,
            key[15] as published_at,
            key[16] as audit_operation,
            key[17] as record_type,
            key[18] as audit_created_at,
            key[19] as audit_id,
            key[25] as workload,
            key[20] as event_category,
            key[21] as digest_end_at,
            key[22] as logged_at
        from keyed
    ),

    sourced as (
        select
            source_file,
            source_row,
            record,
            case
                when problem is not null
                then null
                -- brought into shape first, and then recognised
                when not $is_peeled and event_source is not null and is_written_otherwise(record)
                then null
                -- aws:s3 and the like are notifications of other services in CloudTrail's envelope
                when event_source is not null and not starts_with(event_source, 'aws:')
                then 'aws_cloudtrail'
                when event_type = 'AwsCloudTrailInsight' or event_category = 'Insight'
                then 'aws_cloudtrail_insight'
                when digest_end_at is not null
                then 'aws_cloudtrail_digest'
                when uuid is not null and event_type is not null and published_at is not null
                then 'okta_system'
                when
                    (record_type is not null or workload is not null)
                    and audit_operation is not null
                    and coalesce(audit_created_at, audit_id) is not null
                then 'm365_audit'
                when record_type is not null and audit_created_at is not null and audit_id is not null
                then 'm365_audit'
                when category in ('signinlogs', 'adfssigninlogs') or table_name in ('SigninLogs', 'ADFSSignInLogs')
                then 'entra_signin'
                when category = 'noninteractiveusersigninlogs' or table_name = 'AADNonInteractiveUserSignInLogs'
                then 'entra_signin_noninteractive'
                when
                    category in ('serviceprincipalsigninlogs', 'microsoftserviceprincipalsigninlogs')
                    or table_name in ('AADServicePrincipalSignInLogs', 'AADMicrosoftServicePrincipalSignInLogs')
                then 'entra_signin_service_principal'
                when category = 'managedidentitysigninlogs' or table_name = 'AADManagedIdentitySignInLogs'
                then 'entra_signin_managed_identity'
                when (category = 'auditlogs' and operation_name is not null) or table_name = 'AuditLogs'
                then 'entra_audit'
                when logged_by_service is not null and time_generated is not null
                then 'entra_audit'
                when
                    regexp_full_match(category, 'userriskevents|riskyusers|serviceprincipalriskevents|riskyserviceprincipals')
                    or regexp_full_match(
                        table_name, 'AADUserRiskEvents|AADRiskyUsers|AADServicePrincipalRiskEvents|AADRiskyServicePrincipals'
                    )
                then 'entra_risk'
                when category = 'microsoftgraphactivitylogs' or table_name = 'MicrosoftGraphActivityLogs'
                then 'graph_activity'
                when
                    category in ('storageread', 'storagewrite', 'storagedelete')
                    or regexp_full_match(table_name, 'Storage(Blob|File|Queue|Table)Logs')
                then 'azure_storage'
                when table_name = 'AZKVAuditLogs'
                then 'azure_key_vault'
                when
                    category = 'auditevent'
                    and (contains(resource_id, '/MICROSOFT.KEYVAULT/') or resource_provider = 'MICROSOFT.KEYVAULT')
                then 'azure_key_vault'
                when (operation_name_value is not null and time_generated is not null) or table_name = 'AzureActivity'
                then 'azure_activity'
                when
                    category is null
                    and time_generated is not null
                    and table_operation_name is not null
                    and contains(resource_id, '/MICROSOFT.KEYVAULT/')
                then 'azure_key_vault'
                when
                    contains(operation_name, '/')
                    and resource_id is not null
                    and regexp_full_match(
                        category,
                        'administrative|write|delete|action|security|policy|servicehealth|resourcehealth|alert|autoscale|recommendation'
                    )
                then 'azure_activity'
                when
                    category is not null
                    and not starts_with(category, '{')
                    and resource_id is not null
                    and coalesce(logged_at, time_generated, operation_name, table_operation_name) is not null
                then 'azure_resource'
            end as source,
            problem
        from named
    )

-- an envelope may be larger than a record: it has no source and is opened later
select
    source_file,
    source_row,
    record,
    case when source is not null and strlen(record) > $max_record_bytes then null else source end as source,
    case
        when source is not null and strlen(record) > $max_record_bytes
        then format('larger than {:,} bytes', $max_record_bytes)
        else problem
    end as problem
from sourced

-- Records as they were read, with the source that each was recognised as by its keys. Grain: one record of `read_records`.
with
    checked as (
        select
            read_records.source_file,
            read_records.source_row,
            read_records.record,
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
                    '$.TimeGenerated'
                ]
            ) as key
        from first_keyed
    ),

    named as (
        select
            source_file,
            source_row,
            record,
            problem,
            event_source,
            lower(coalesce(key[1], key[2])) as category,
            key[3] as table_name,
            upper(key[4]) as operation_name,
            upper(key[5]) as resource_id,
            key[6] as logged_by_service,
            key[7] as operation_name_value,
            upper(key[8]) as resource_provider,
            key[9] as time_generated
        from keyed
    )

select
    source_file,
    source_row,
    record,
    case
        when problem is not null
        then null
        -- aws:s3 and the like are notifications of other services in CloudTrail's envelope
        when event_source is not null and not starts_with(event_source, 'aws:')
        then 'aws_cloudtrail'
        when category = 'signinlogs'
        then 'entra_signin'
        when category = 'noninteractiveusersigninlogs'
        then 'entra_signin_noninteractive'
        when category = 'serviceprincipalsigninlogs'
        then 'entra_signin_service_principal'
        when category = 'auditlogs' and operation_name is not null
        then 'entra_audit'
        when logged_by_service is not null and time_generated is not null
        then 'entra_audit'
        when category in ('storageread', 'storagewrite', 'storagedelete')
        then 'azure_storage'
        when table_name = 'AZKVAuditLogs'
        then 'azure_key_vault'
        when
            category = 'auditevent'
            and (contains(resource_id, '/MICROSOFT.KEYVAULT/') or resource_provider = 'MICROSOFT.KEYVAULT')
        then 'azure_key_vault'
        when operation_name_value is not null and time_generated is not null
        then 'azure_activity'
        when
            contains(operation_name, '/')
            and resource_id is not null
            -- not IN: DuckDB makes a hash join of a long list, and a join loses the reading order
            and regexp_full_match(
                category,
                'administrative|write|delete|action|security|policy|servicehealth|resourcehealth|alert|autoscale|recommendation'
            )
        then 'azure_activity'
    end as source,
    problem
from named

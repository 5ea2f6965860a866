-- Every record read from one batch of files, with the source it was recognised as. Grain: one record, in reading order.
with
    first_rows as (
        select read_records.source_file, min(read_records.rowid) as first_row
        from read_records
        group by read_records.source_file
    ),

    numbered_records as (
        select read_records.*, read_records.rowid - first_rows.first_row + 1 as source_row
        from read_records
        inner join first_rows using (source_file)
    ),

    keyed as (
        select
            read_records.source_file,
            read_records.source_row,
            read_records.record,
            case
                when read_records.problem is not null then read_records.problem
                when read_records.record is null or not starts_with(read_records.record, '{') then 'not an object'
            end as problem,
            json_extract_string(
                case when read_records.problem is null then read_records.record end,
                [
                    '$.eventSource', '$.eventName', '$.category', '$.Category', '$.Type', '$.operationName', '$.resourceId',
                    '$.LoggedByService', '$.OperationNameValue', '$.AuthenticationType', '$.ResourceProvider', '$.TimeGenerated', '$.HttpStatusCode'
                ]
            ) as key
        from numbered_records as read_records
    ),

    named as (
        select
            source_file, source_row, record, problem,
            key[1] as event_source, key[2] as event_name,
            lower(coalesce(key[3], key[4])) as category,
            key[5] as table_name, upper(key[6]) as operation_name, upper(key[7]) as resource_id,
            key[8] as logged_by_service, key[9] as operation_name_value, key[10] as authentication_type, upper(key[11]) as resource_provider,
            key[12] as time_generated, key[13] as http_status_code
        from keyed
    )

select
    source_file,
    source_row,
    record,
    case
        when problem is not null then null
        when event_source is not null and event_name is not null then 'aws_cloudtrail'
        when category = 'signinlogs' then 'entra_signin'
        when category = 'noninteractiveusersigninlogs' then 'entra_signin_noninteractive'
        when category = 'serviceprincipalsigninlogs' then 'entra_signin_service_principal'
        when category = 'auditlogs' and operation_name is not null then 'entra_audit'
        when logged_by_service is not null and time_generated is not null then 'entra_audit'
        when category in ('storageread', 'storagewrite', 'storagedelete') then 'azure_storage'
        when table_name = 'AZKVAuditLogs' then 'azure_key_vault'
        when category = 'auditevent' and (contains(resource_id, '/MICROSOFT.KEYVAULT/') or resource_provider = 'MICROSOFT.KEYVAULT') then 'azure_key_vault'
        when operation_name_value is not null and time_generated is not null then 'azure_activity'
        when
            contains(operation_name, '/') and resource_id is not null
            and category in ('administrative', 'write', 'delete', 'action', 'security', 'policy', 'servicehealth', 'resourcehealth', 'alert', 'autoscale', 'recommendation')
        then 'azure_activity'
    end as source,
    problem
from named

-- Where a reset and the things that it reached were at work: Entra tenants, subscriptions and AWS accounts, and of Azure the
-- storage accounts and vaults that were changed or whose keys were listed. Grain: kind, place_id.
with
    acts as (
        select timeline.source, timeline.tenant_id, timeline.target_id
        from timeline
        where timeline.reset_id = $reset_id and timeline.thing_id is not null
    )

select
    case
        when acts.source = 'aws_cloudtrail'
        then 'account'
        when starts_with(acts.source, 'entra_')
        then 'tenant'
        when starts_with(acts.source, 'azure_')
        then 'subscription'
    end as kind,
    lower(acts.tenant_id) as place_id
from acts
where kind is not null and place_id is not null
union
select
    case int_resets.provider when 'aws' then 'account' when 'azure' then 'tenant' end as kind,
    lower(int_resets.tenant_id) as place_id
from int_resets
where int_resets.reset_id = $reset_id and kind is not null and place_id is not null
union
select
    case
        when regexp_matches(acts.target_id, '(?i)/microsoft\.storage/storageaccounts/[^/]')
        then 'storage account'
        when regexp_matches(acts.target_id, '(?i)/microsoft\.keyvault/vaults/[^/]')
        then 'vault'
    end as kind,
    lower(regexp_extract(acts.target_id, '(?i)/(?:storageaccounts|vaults)/([^/]+)', 1)) as place_id
from acts
where acts.source = 'azure_activity' and kind is not null
union
select 'storage account' as kind, lower(split_part(reach.thing_id, ':', 2)) as place_id
from reach
where reach.reset_id = $reset_id and reach.kind = 'storage_keys'
order by kind, place_id

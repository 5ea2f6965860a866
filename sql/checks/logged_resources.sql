-- Storage accounts and vaults that have logs of their own. Grain: kind, place_id.
select distinct 'storage account' as kind, lower(holders.target_name) as place_id
from int_event_holders as holders
where holders.source = 'azure_storage' and holders.target_name is not null
union
select distinct
    'vault' as kind,
    lower(regexp_extract(holders.target_id, '(?i)(?:^https://|/microsoft\.keyvault/vaults/)([^./]+)', 1)) as place_id
from int_event_holders as holders
where holders.source = 'azure_key_vault' and holders.target_id is not null

-- Storage keys that were listed and SAS that were issued, and their uses by hash and address. Grain: from_thing_id,
-- to_thing_id. The log of a request names the hash of the key and nobody, so every first use after the listing hangs on it; the
-- confidence says how strange the network is, and whether that hash was used before from there.
with
    uses as (
        select
            origins.*,
            lower(split_part(split_part(origins.thing_id, ':', 2), '/', 1)) as account,
            contains(lower(origins.thing_id), 'sassignature(') as is_sas,
            min(origins.first_used_at) over (partition by split_part(origins.thing_id, '@', 1), origins.network_id)
            < origins.first_used_at as is_known_there
        from int_session_origins as origins
        where origins.kind = 'storage_key_use'
    )

select
    uses.first_used_at as occurred_at,
    'storage-keys:' || uses.account as from_thing_id,
    uses.thing_id as to_thing_id,
    uses.kind as to_kind,
    'used_from' as kind,
    case when uses.is_known_there then 0.3 when uses.is_new_network then 0.9 else 0.7 end::double as confidence,
    uses.first_source as source,
    uses.tenant_id,
    uses.first_event_id as event_id,
    'an account key of it'
    || case when uses.is_sas then ', through a SAS,' else '' end
    || ' used from '
    || coalesce(uses.source_ip, 'an unknown address')
    || case
        when uses.is_known_there
        then ', in a network that used this key before'
        when uses.is_new_network
        then ', a network new to the organisation'
        else ''
    end as why
from uses
union all by name
select
    uses.first_used_at as occurred_at,
    'storage-sas:' || uses.account as from_thing_id,
    uses.thing_id as to_thing_id,
    uses.kind as to_kind,
    'used_from' as kind,
    case when uses.is_known_there then 0.2 when uses.is_new_network then 0.9 else 0.6 end::double as confidence,
    uses.first_source as source,
    uses.tenant_id,
    uses.first_event_id as event_id,
    'a SAS of it used from '
    || coalesce(uses.source_ip, 'an unknown address')
    || case
        when uses.is_known_there
        then ', in a network that used this SAS before'
        when uses.is_new_network
        then ', a network new to the organisation'
        else ''
    end as why
from uses
where uses.is_sas

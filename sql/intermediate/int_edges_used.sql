-- A known key or secret, and each network that it is used from; its time is the first use there. Grain: to_thing_id.
-- a key or secret, and each network it is used from
select
    key_uses.first_used_at as occurred_at,
    key_uses.known_thing_id as from_thing_id,
    key_uses.thing_id as to_thing_id,
    key_uses.kind as to_kind,
    'used_from' as kind,
    1.0::double as confidence,
    key_uses.first_source as source,
    key_uses.tenant_id,
    key_uses.first_event_id as event_id,
    'used from '
    || coalesce(key_uses.source_ip, 'an unknown address')
    || ' ('
    || coalesce(key_uses.network_id, 'unknown network')
    || ')' as why
from int_key_uses as key_uses

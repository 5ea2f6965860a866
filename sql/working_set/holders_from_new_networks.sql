-- Who came from a network new to the organisation, if an act of this round changed a policy that could let them in. Grain:
-- holder_key.
select distinct uses.principal_id as holder_key, false as is_person
from int_address_uses as uses
inner join int_networks as networks using (source_ip)
anti join known_holders on uses.principal_id = known_holders.holder_key
where
    networks.first_seen_at >= $window_from
    and uses.is_success
    and uses.principal_id is not null
    and exists (
        select 1
        from round_acts as acts
        where
            acts.source in ('entra_audit', 'm365_audit')
            and acts.occurred_at >= $window_from
            and regexp_matches(lower(acts.action), 'policy|named location')
    )

-- Reached sessions and keys in which a client was used that neither the person nor the principal had used before: what else is
-- done in them is that hand's too, where the log names no client. Grain: reset_id, thing_id.
select distinct reach.reset_id, reach.thing_id
from reach
inner join int_resets as resets using (reset_id)
inner join
    int_event_holders as holders
    on reach.thing_id = holders.thing_id
    and holders.occurred_at >= resets.occurred_at
    and holders.occurred_at < resets.occurred_at + $window
left join
    int_baselines as by_person
    on resets.person_id = by_person.person_id
    and by_person.facet = 'client'
    and holders.client = by_person.value
    and by_person.first_seen_at < resets.occurred_at - to_hours($known_for_hours::integer)
left join
    int_principal_clients as by_principal
    on holders.principal_id = by_principal.principal_id
    and holders.client = by_principal.client
    and by_principal.first_seen_at < resets.occurred_at - to_hours($known_for_hours::integer)
where
    holders.client is not null
    and holders.outcome = 'success'
    and holders.source <> 'm365_audit'
    and by_person.value is null
    and by_principal.client is null

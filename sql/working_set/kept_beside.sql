-- Events that matter to a hunt though nobody who was reached did them: what was done to a user, what a service wrote of somebody
-- else's operation, what was written to secrets and storage keys. Grain: event, beside_key.
with
    candidates as (
        select
            events.*,
            coalesce(events.principal_id, events.principal_name, events.credential_id, '') as holder_key,
            acting_actions.action is not null as is_acting
        from events
        left join acting_actions on events.source = acting_actions.source and lower(events.action) = acting_actions.action
        where
            events.target_kind = 'user'
            or events.is_read_only = false
            or (acting_actions.action is not null and events.principal_kind is distinct from 'user')
    ),

    keyed as (
        select
            candidates.*,
            unnest(
                [
                    case when candidates.target_kind = 'user' then 'user:' || lower(candidates.target_id) end,
                    case when candidates.target_kind = 'user' then 'user:' || lower(candidates.target_name) end,
                    case
                        when candidates.is_acting and candidates.principal_kind is distinct from 'user'
                        then
                            'operation:' || lower(
                                coalesce(
                                    candidates.raw ->> '$.properties.correlationId',
                                    candidates.raw ->> '$.CorrelationId',
                                    candidates.raw ->> '$.correlationId',
                                    candidates.raw ->> '$.InterSystemsId',
                                    candidates.raw ->> '$.transaction.id'
                                )
                            )
                    end,
                    case
                        when
                            candidates.is_read_only = false
                            and (
                                candidates.source = 'azure_key_vault'
                                or candidates.service in ('secretsmanager.amazonaws.com', 'ssm.amazonaws.com')
                                or contains(lower(candidates.action), 'regeneratekey')
                            )
                        then 'secrets'
                    end
                ]
            ) as beside_key
        from candidates
    )

select keyed.* exclude (received_at, ingested_at, batch_id, source_file, source_row, is_acting)
from keyed
where keyed.beside_key is not null
order by keyed.beside_key, keyed.occurred_at, keyed.source, keyed.event_id

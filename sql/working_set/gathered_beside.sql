-- What others did that the hunt needs: to the people reset, for the acts of this round, to secrets if any was read. Grain:
-- event.
with
    wanted as (
        select distinct
            'user:' || lower(
                unnest(
                    list_concat(
                        list_concat(int_resets.principal_ids, int_resets.principal_names),
                        list_transform(int_resets.principal_ids, lambda id:regexp_extract(id, '[^/]+$'))
                    )
                )
            ) as beside_key
        from int_resets
        union
        select
            'operation:' || lower(
                coalesce(
                    acts.raw ->> '$.properties.correlationId',
                    acts.raw ->> '$.CorrelationId',
                    acts.raw ->> '$.correlationId',
                    acts.raw ->> '$.InterSystemsId',
                    acts.raw ->> '$.transaction.id'
                )
            ) as beside_key
        from round_acts as acts
        where acts.raw is not null and acts.occurred_at >= $window_from
        union
        select 'secrets' as beside_key
        from round_acts as acts
        where
            acts.occurred_at >= $window_from
            and (
                acts.source = 'azure_key_vault'
                or acts.service in ('secretsmanager.amazonaws.com', 'ssm.amazonaws.com')
                or contains(lower(acts.action), 'listkeys')
            )
    )

select beside.* exclude (beside_key), starts_with(beside.beside_key, 'operation:') as is_same_operation, false as is_person
from kept_beside as beside
semi join wanted on beside.beside_key = wanted.beside_key
anti join
    gathered
    on beside.source = gathered.source
    and beside.event_id = gathered.event_id
    and beside.event_key is not distinct from gathered.event_key
where beside.occurred_at >= $window_from and beside.occurred_at < $until
qualify row_number() over (partition by beside.source, beside.event_id, beside.event_key order by beside.beside_key) = 1

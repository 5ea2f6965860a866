-- Whose long-lived key or secret was first used from a network within a day after an act of this round that may have read it
-- from a vault. Grain: holder_key.
with
    read_at as (
        select distinct acts.occurred_at
        from round_acts as acts
        where
            acts.occurred_at >= $window_from
            and acts.outcome = 'success'
            and (acts.source = 'azure_key_vault' or acts.service in ('secretsmanager.amazonaws.com', 'ssm.amazonaws.com'))
    ),

    holders as (
        select unnest(new_keys.holder_keys) as holder_key
        from new_keys
        semi join read_at on new_keys.first_at > read_at.occurred_at and new_keys.first_at <= read_at.occurred_at + interval 1 day
    )

select distinct holders.holder_key, false as is_person
from holders
anti join known_holders using (holder_key)

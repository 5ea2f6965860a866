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

    firsts as (
        select
            uses.credential_id, networks.network_id, min(uses.first_at) as first_at, list(distinct uses.holder_key) as holder_keys
        from kept_key_uses as uses
        left join int_networks as networks using (source_ip)
        where uses.first_at >= $since and uses.first_at < $until
        group by uses.credential_id, networks.network_id
        having min(uses.first_at) >= $window_from
    ),

    holders as (
        select unnest(firsts.holder_keys) as holder_key
        from firsts
        semi join read_at on firsts.first_at > read_at.occurred_at and firsts.first_at <= read_at.occurred_at + interval 1 day
    )

select distinct holders.holder_key, false as is_person
from holders
anti join known_holders using (holder_key)

-- Who used what the acts of this round in the window name: keys and sessions that were used or issued, and of acts that change
-- something all that they name. Grain: holder_key. An id that very many use says nothing about anybody.
with
    acts as (
        select
            acts.*,
            acts.is_read_only is distinct from true
            and not starts_with(acts.source, 'entra_signin')
            and acts.service is distinct from 'sts.amazonaws.com' as is_change
        from round_acts as acts
        where acts.occurred_at >= $window_from and acts.outcome is distinct from 'failure'
    ),

    named as (
        select distinct
            unnest(
                list_concat(
                    [acts.issued_credential_id, acts.issued_session_id, acts.credential_id, acts.session_id],
                    case
                        when acts.is_change
                        then [acts.target_id, acts.target_name, regexp_extract(acts.target_id, '[^/]+$'), acts.device_id]
                        else []
                    end,
                    case
                        when acts.source = 'azure_activity'
                        then
                            list_concat(
                                [
                                    'storage:' || regexp_extract(lower(acts.target_id), '/storageaccounts/([^/]+)', 1),
                                    'storage:' || acts.target_name
                                ],
                                list_transform(string_split(acts.target_id, '/'), lambda s:'resource:' || s)
                            )
                        else []
                    end,
                    case
                        when acts.raw is not null
                        then
                            list_concat(
                                ['federated:' || acts.target_id, 'federated:' || acts.target_name],
                                regexp_extract_all(
                                    acts.raw,
                                    '(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|A(?:KIA|SIA|ROA|IDA)[A-Z0-9]{8,}|arn:aws[a-z-]*:[^"\\\s]+|[a-z0-9._%+-]+@[a-z0-9.-]+|\b00[a-z0-9]{10,20}\b|\b0o[a-z0-9]{10,20}\b'
                                )
                            )
                        else []
                    end
                )
            ) as id
        from acts
    ),

    used as (
        select ids.id, ids.holder_key
        from kept_ids as ids
        semi join (select distinct lower(named.id) as id from named where named.id <> '') as wanted on ids.id = wanted.id
        group by ids.id, ids.holder_key
        qualify count(*) over (partition by ids.id) <= $most_holders
    )

select distinct used.holder_key, false as is_person
from used
anti join known_holders using (holder_key)

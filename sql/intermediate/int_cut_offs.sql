-- Token cut-offs: from which moment on older refresh tokens or sessions of a person are refused. Grain: event.
select
    events.source,
    events.tenant_id,
    events.event_id,
    events.occurred_at,
    coalesce(identities.person_id, lower(events.target_name), lower(events.target_id)) as person_id,
    -- newValue is a JSON array within a string; an empty modifiedProperties leaves the time of the event itself
    coalesce(
        make_timestamp(
            epoch_us(
                try_cast(
                    nullif(
                        regexp_extract(events.raw, '(?i)StsRefreshTokensValidFrom.*?newValue[\\": \[rn]+([0-9][0-9T:.+Z-]+)', 1),
                        ''
                    ) as timestamptz
                )
            )
        ),
        events.occurred_at
    ) as valid_from
from events
left join int_identities as identities on lower(events.target_id) = identities.alias
where
    (
        (events.source in ('entra_audit', 'm365_audit') and events.action = 'Update StsRefreshTokenValidFrom Timestamp')
        or (
            events.source = 'okta_system'
            and events.action in ('user.session.clear', 'user.authentication.universal_logout')
            and events.target_kind = 'user'
        )
    )
    and events.outcome = 'success'
    and events.occurred_at >= $since
    and events.occurred_at < $until

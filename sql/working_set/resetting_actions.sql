-- Actions that resets and token cut-offs are made of. Grain: source, action (lower case).
select actions.source, lower(actions.action) as action
from reset_actions as actions
union
select
    unnest(['entra_audit', 'm365_audit', 'okta_system', 'okta_system']) as source,
    unnest(
        [
            'update stsrefreshtokenvalidfrom timestamp',
            'update stsrefreshtokenvalidfrom timestamp',
            'user.session.clear',
            'user.authentication.universal_logout'
        ]
    ) as action

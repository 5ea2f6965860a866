-- Actions that give power or reset somebody: their records are kept with the index. Grain: source, action (lower case).
select actions.source, lower(actions.action) as action
from empowering_actions as actions
union
select actions.source, lower(actions.action) as action
from granting_actions as actions
union
select actions.source, lower(actions.action) as action
from reset_actions as actions
union
select 'aws_cloudtrail' as source, lower(actions.action) as action
from aws_powers as actions

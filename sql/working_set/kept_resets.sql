-- Events that may have replaced a credential of somebody, or cut somebody's tokens off, whole. Grain: event.
select events.*
from events
semi join resetting_actions on events.source = resetting_actions.source and lower(events.action) = resetting_actions.action

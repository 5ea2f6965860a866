-- What the holders of this round did in the look-back and the window. Grain: event.
select acts.*, new_holders.is_person
from kept_acts as acts
inner join new_holders using (holder_key)
where acts.occurred_at >= $since and acts.occurred_at < $until

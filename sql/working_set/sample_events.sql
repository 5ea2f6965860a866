-- Of the kept samples a few events of each action. Grain: event.
select samples.* exclude (sample_order)
from kept_sample as samples
qualify row_number() over (partition by samples.source, samples.action order by samples.sample_order, samples.event_id) <= 20

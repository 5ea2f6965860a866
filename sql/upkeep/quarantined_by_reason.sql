-- How many records are in quarantine, the most frequent reason first. Grain: reason.
select quarantine.reason, count(*) as records from quarantine group by quarantine.reason order by records desc, quarantine.reason

-- How many records were read that the lake held already, of the ledger (SQLite). Grain: source.
select counts.source, sum(counts.duplicates) as duplicates
from counts
group by counts.source
having sum(counts.duplicates) > 0
order by counts.source

-- The files that were staged without landing, with the first of their rows. Grain: source_file.
select staged.source_file, min(staged.rowid) as first_row, delivered_at(staged.source_file) as delivered_at
from staged
group by staged.source_file

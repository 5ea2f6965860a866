-- How many rows there are, and the sum of their hashes: equal for the same rows in any order. Grain: one row.
select count(*) as row_count, coalesce(sum(hash(rows_to_compare)::hugeint), 0) as hash_sum from rows_to_compare

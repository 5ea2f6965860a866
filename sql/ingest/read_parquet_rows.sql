-- The rows of a Parquet file as JSON. Grain: one row.
select to_json(rows)::varchar as record from read_parquet($file, hive_partitioning = false) as rows

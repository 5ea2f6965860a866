-- The lines of many small files, each the value of its path. Grain: one line.
select
    map_keys(files.document)[1] as source_file,
    case
        when cardinality(files.document) = 1 then map_values(files.document)[1] else error('more than one document')
    end as record
from
    read_json(
        $files,
        records = false,
        columns = {document:'MAP(VARCHAR, JSON)'},
        format = 'newline_delimited',
        maximum_object_size = $maximum_object_size
    ) as files

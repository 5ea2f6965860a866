-- The elements of the lists of many small files, each the value of its path on one line. Grain: one element.
select
    map_keys(files.document)[1] as source_file,
    unnest(
        case when cardinality(files.document) = 1 then map_values(files.document)[1] else error('more than one document') end
    ) as record
from
    read_json(
        $files,
        records = false,
        columns = {document:'MAP(VARCHAR, JSON[])'},
        format = 'newline_delimited',
        maximum_object_size = $maximum_object_size
    ) as files

-- The elements of {"records": [...]} of many small files, each the value of its path on one line. Grain: one element.
select
    map_keys(files.document)[1] as source_file,
    unnest(
        coalesce(
            case
                when cardinality(files.document) = 1
                then map_values(files.document)[1].records
                else error('more than one document')
            end,
            error('an object without records')
        )
    ) as record
from
    read_json(
        $files,
        records = false,
        columns = {document:'MAP(VARCHAR, STRUCT(records JSON[]))'},
        format = 'newline_delimited',
        maximum_object_size = $maximum_object_size
    ) as files

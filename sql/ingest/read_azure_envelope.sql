-- The elements of {"records": [...]}. Grain: one element. An object without the list is an error: the patient reader takes it.
select files.filename as source_file, unnest(coalesce(files.records, error('an object without records'))) as record
from
    read_json(
        $files,
        records = true,
        columns = {records:'JSON[]'},
        compression = $compression,
        maximum_object_size = $maximum_object_size,
        filename = true
    ) as files

-- The elements of {"Records": [...]}. Grain: one element. An object without the list is an error: the patient reader takes it.
select files.filename as source_file, unnest(coalesce(files.Records, error('an object without Records'))) as record
from
    read_json(
        $files,
        records = true,
        columns = {Records:'JSON[]'},
        compression = $compression,
        maximum_object_size = $maximum_object_size,
        filename = true
    ) as files

-- The objects of JSON lines, of a bare list or of a run of objects. Grain: one object.
select files.filename as source_file, files.record
from
    read_json(
        $files,
        records = false,
        columns = {record:'JSON'},
        format = $format,
        compression = $compression,
        maximum_object_size = $maximum_object_size,
        filename = true
    ) as files

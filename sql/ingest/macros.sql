-- Macros that the readers and the staging models share. Grain: none, definitions only.
-- A time that is a bare number: seconds since 1970 (10 digits, with or without a fraction), milli-, micro- or nanoseconds
-- (13, 16, 19 digits), or .NET ticks since the year 1 (18 digits).
create or replace temp macro counted_time(time_text) as case
    when regexp_full_match(time_text, '\d{10}(\.\d{1,9})?')
    then make_timestamp((try_cast(time_text as decimal(18, 6))::decimal(38, 6) * 1000000)::bigint)
    when regexp_full_match(time_text, '\d{13}|/Date\(\d{13}\)/')
    then make_timestamp(try_cast(regexp_extract(time_text, '\d+') as bigint) * 1000)
    when regexp_full_match(time_text, '\d{16}')
    then make_timestamp(try_cast(time_text as bigint))
    when regexp_full_match(time_text, '6\d{17}')
    then make_timestamp(divide(try_cast(time_text as bigint) - 621355968000000000, 10))
    when regexp_full_match(time_text, '1\d{18}')
    then make_timestamp(divide(try_cast(time_text as bigint), 1000))
end;

-- A time as Microsoft's portals and the .NET services write it: month first, half a day, perhaps a comma, a fraction of any
-- length, a narrow blank before AM or PM, an offset. Others have a blank before the offset.
create or replace temp macro written_time(time_text) as coalesce(
    make_timestamp(
        epoch_us(try_cast(regexp_replace(trim(time_text), '(\d)\s+([+-]\d{2}:?\d{2}|Z)$', '\1\2') as timestamptz))
    ),
    try_strptime(
        regexp_replace(
            regexp_replace(regexp_replace(trim(time_text), '[\x{00A0}\x{202F}]', ' ', 'g'), '(\.\d{1,6})\d*', '\1'), '(\d{4}), ', '\1 '
        ),
        [
            '%Y%m%dT%H%M%SZ',
            '%m/%d/%Y %I:%M:%S %p',
            '%m/%d/%Y %I:%M:%S.%f %p',
            '%m/%d/%Y %I:%M %p'
        ]
    ),
    make_timestamp(
        epoch_us(
            try_strptime(
                regexp_replace(trim(time_text), '(\.\d{1,6})\d*', '\1'), ['%m/%d/%Y %I:%M:%S %p %z', '%m/%d/%Y %I:%M:%S.%f %p %z']
            )
        )
    )
);

-- Text in any time form that we know as a UTC timestamp (µs); text without an offset is UTC. Day first and 24 hours with
-- slashes are no forms that we know: 4/5/2026 16:00 may be April or May.
-- A case, not one coalesce: the bulk of all times is ISO 8601, and then nothing else is tried.
create or replace temp macro parsed_time(time_text) as case
    when try_cast(time_text as timestamptz) is not null
    then make_timestamp(epoch_us(try_cast(time_text as timestamptz)))
    else coalesce(counted_time(time_text), written_time(time_text))
end;

-- The same, and null for a year that no cloud log can have: a wrong time is worse than none.
create or replace temp macro utc(time_text) as case
    when parsed_time(time_text) between timestamp '1990-01-01' and timestamp '2200-01-01' then parsed_time(time_text)
end;

-- The names of fields whose value is a secret, in small letters. Tokens that only page (nextToken) or tell two calls apart
-- (clientToken) are none.
create or replace temp macro secret_names() as '(?:session|security|access|refresh|id|auth|authorization|bearer|activation|recovery|state|x-amz-security-)_?token|tokenvalue|secret_?access_?key|(?:new|old|masteruser|admin|administratorlogin|service|db|user)?_?password|secret(?:string|binary|text|key|value)|oathsecretkey|client_?secret|servicecredentialsecret';

-- Secrets that stand as the value of a pair of name and value, or after a parameter of a command line: Exchange and Entra
-- write their parameters so. (`Is CAE Token` is a sign-in's yes or no.)
create or replace temp macro masked_pairs(record_text) as regexp_replace(
    regexp_replace(
        record_text,
        '(?i)(\\*"(?:name|key|displayname)\\*"\s*:\s*\\*"(?:[\w .-]*(?:password|secret|accesskey)|[\w.-]*token)\\*"\s*,\s*\\*"(?:new|old)?value\\*"\s*:\s*\\*")[^"\\]+',
        '\1***',
        'g'
    ),
    '(?i)(-(?:new|old)?password\s+\\*"?)[^"\\\s]+',
    '\1***',
    'g'
);

-- Secrets in named fields and in pairs replaced by ***, in JSON as it is and in JSON that is a string within JSON. The quick
-- tests go first, because few records hold one and a regular expression over all of them takes half the time of an ingest.
create or replace temp macro masked_fields(record_text) as case
    -- token, password, secret: DuckDB finds four bytes fastest; then one expression tells whether any of the others can match
    when
        (contains(record_text, 'oken') or contains(record_text, 'swor') or contains(record_text, 'ecre'))
        and regexp_matches(
            record_text,
            '(?i)"(?:' || secret_names() || ')\\*"\s*:\s*\\*"|(?:password|secret|accesskey|"[\w.-]*token)\\*"\s*,\s*\\*"(?:new|old)?value|-(?:new|old)?password\s'
        )
    then
        regexp_replace(
            regexp_replace(masked_pairs(record_text), '(?i)("(?:' || secret_names() || ')"\s*:\s*")(?:[^"\\]|\\.)+', '\1***', 'g'),
            -- the same within a string, where each quote has a backslash before it
            '(?i)(\\+"(?:' || secret_names() || ')\\+"\s*:\s*\\+")(?:[^"\\]|\\\\\\"|\\\\[^"])+',
            '\1***',
            'g'
        )
    else record_text
end;

-- Secrets in addresses and connection strings replaced by ***: SAS signatures, presigned requests, storage keys, keys of
-- functions, codes and tokens that a sign-in carries on. The equals sign may be spelled for JSON (\u003d) or for an address
-- in an address (%3D). `state` is no secret: it only ties an answer to its question.
create or replace temp macro masked(record_text) as case
    when
        (contains(record_text, '=') or contains(record_text, '\u003') or contains(record_text, '%3'))
        and regexp_matches(record_text, '(?i)(?:sig|signature|key|password|pwd|passcode|code|secret|token|samlresponse|assertion)(?:=|\\u003d|%3d)')
    then
        regexp_replace(
            masked_fields(record_text),
            '(?i)((?:\bsig|(?:x-amz-|%26|\\u0026)(?:sig|security-token|signature)|(?:[?&]|%3f|%26|\\u0026)(?:code|token|passcode)|account_?key|shared_?access_?key|sharedaccesssignature|api_?key|subscription-key|password|pwd|auth_code|csrf_?token|client_?secret|(?:access|refresh|id|session|state|activation|recovery)_?token|samlresponse|assertion)(?:=|\\u003d|%3d))[^&"\\; ]+',
            '\1***',
            'g'
        )
    else masked_fields(record_text)
end;

-- Secrets in headers and bodies that a log of a service may hold whole, replaced by ***: what signs a request in, tokens that
-- are JSON (they start with eyJ), private keys. Not for every source: the quick test alone costs a tenth of an ingest. A
-- column of its own, because a macro's argument is planned anew wherever the macro has it.
create or replace temp macro without_headers(record_text) as case
    when
        regexp_matches(
            record_text, '(?i)bearer\s|authorization\W{1,12}(?:basic|negotiate|ssws)\s|eyJ[\w-]{8,}\.eyJ|PRIVATE KEY-----'
        )
    then
        regexp_replace(
            regexp_replace(
                regexp_replace(
                    record_text,
                    '(?i)(\bbearer\s+|authorization\W{1,12}(?:basic|negotiate|ssws)\s+)[\w.~+/=-]{16,}',
                    '\1***',
                    'g'
                ),
                '\beyJ[\w-]{8,}\.eyJ[\w.-]*',
                '***',
                'g'
            ),
            '(-----BEGIN [A-Z ]*PRIVATE KEY-----)[^-]+',
            '\1***',
            'g'
        )
    else record_text
end;

-- A record that was printed with line breaks, without them: so the same record has the same text whichever way it came.
-- Strings are left alone: a line break in one is always spelled, and a quote in one has a backslash before it.
create or replace temp macro on_one_line(record_text) as case
    when contains(record_text, chr(10))
    then regexp_replace(regexp_replace(record_text, '\s*\n\s*', '', 'g'), '([^\\])": +', '\1":', 'g')
    else record_text
end;

-- A JSON value that some exports wrap once more in a string, as JSON.
create or replace temp macro unwrapped(json_value) as case
    when json_type(json_value) = 'VARCHAR' then try_cast(json_value ->> '$' as json) else json_value
end;

-- Whether a CloudTrail record has objects that are text, or lie in pieces under names with dots: exports write them so.
create or replace temp macro is_written_otherwise(record_text) as (
    (contains(record_text, '"{') or not contains(record_text, '"userIdentity":{'))
    and regexp_matches(record_text, '"(?:userIdentity|requestParameters|responseElements)(?:"\s*:\s*"\s*\{|\.)')
);

-- What may be an address, as written; a name, such as that of a service, is null. Ingest then makes each distinct one
-- canonical by Python's ipaddress (`pipeline/addresses.py`), without its port, or null.
create or replace temp macro address(address_text) as case
    when length(address_text) < 60 and regexp_full_match(address_text, '[0-9A-Fa-f.:%\[\]]+(%\w+)?')
    then address_text
end;

-- An operation name as one of its spellings: dashes, blanks and UAL's trailing dot.
create or replace temp macro operation(operation_text) as rtrim(trim(regexp_replace(operation_text, '\s*[–—]\s*', ' - ', 'g')), '.');

-- The time that a CloudTrail file's name says it was delivered at, as text, or null. It becomes a column, and then a time: a
-- macro's argument is planned and run anew wherever the macro has it, and `utc` has it forty times.
create or replace temp macro delivery_text(file_name) as regexp_extract(file_name, '_(\d{8}T\d{4})Z_[^/_]*$', 1) || '00Z';

-- Whether a CloudTrail record says why it came late or what was added to it.
create or replace temp macro has_addendum(record_text) as (
    contains(record_text, '"addendum"') and (record_text ->> '$.addendum.reason') is not null
);

-- What tells events of one source and id apart besides the time: for CloudTrail the account that received the event (two
-- recipients are two events), for sign-ins the token.
create or replace macro discriminator_of(source_name, tenant, token) as case
    when source_name = 'aws_cloudtrail' then coalesce(tenant, '') when starts_with(source_name, 'entra_signin') then coalesce(token, '') else ''
end;

-- (Not temp, as the others are: other threads' cursors use these two.)
-- The identity of an event as one number, so that a lake is asked quickly whether it may hold it. md5, because DuckDB does
-- not promise hash() to stay the same.
create or replace macro event_key_of(source_name, id, happened_at, discriminator) as (
    md5_number_lower(concat_ws(chr(31), source_name, id, epoch_us(happened_at)::varchar, discriminator)) >> 1
)::bigint;

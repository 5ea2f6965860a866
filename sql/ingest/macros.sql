-- Macros that the readers and the staging models share. Grain: none, definitions only.
-- Text in any time form that we know as a UTC timestamp (µs); text without an offset is UTC.
create or replace temp macro parsed_time(time_text) as coalesce(
    make_timestamp(epoch_us(try_cast(time_text as timestamptz))),
    try_strptime(time_text, ['%Y%m%dT%H%M%SZ', '%m/%d/%Y, %I:%M:%S.%g %p', '%m/%d/%Y %I:%M:%S %p'])
);

-- The same, and null for a year that no cloud log can have: a wrong time is worse than none.
create or replace temp macro utc(time_text) as case
    when parsed_time(time_text) between timestamp '1990-01-01' and timestamp '2200-01-01' then parsed_time(time_text)
end;

-- Secrets in named fields replaced by ***, in JSON as it is and in JSON that is a string within JSON. The quick tests go
-- first, because few records hold one and a regular expression over all of them takes half the time of an ingest.
create or replace temp macro masked_fields(record_text) as case
    -- token, password, secret: DuckDB finds four bytes fastest
    when contains(record_text, 'oken') or contains(record_text, 'swor') or contains(record_text, 'ecre')
    then
        regexp_replace(
            regexp_replace(record_text, '(?i)("(?:sessiontoken|securitytoken|x-amz-security-token|secretaccesskey|password|newpassword|oldpassword|masteruserpassword|adminpassword|administratorloginpassword|secretstring|secretbinary|secrettext|clientsecret|client_secret|refresh_token|access_token|id_token)"\s*:\s*")(?:[^"\\]|\\.)+', '\1***', 'g'),
            -- the same within a string, where each quote has a backslash before it
            '(?i)(\\+"(?:sessiontoken|securitytoken|x-amz-security-token|secretaccesskey|password|newpassword|oldpassword|masteruserpassword|adminpassword|administratorloginpassword|secretstring|secretbinary|secrettext|clientsecret|client_secret|refresh_token|access_token|id_token)\\+"\s*:\s*\\+")(?:[^"\\]|\\\\\\"|\\\\[^"])+',
            '\1***',
            'g'
        )
    else record_text
end;

-- Secrets in addresses and connection strings replaced by ***: SAS signatures, presigned requests, storage keys.
create or replace temp macro masked(record_text) as case
    when
        contains(record_text, '=')
        and regexp_matches(record_text, '(?i)sig=|security-token=|signature=|accountkey=|sharedaccesskey=|password=|pwd=')
    then
        regexp_replace(
            masked_fields(record_text),
            '(?i)((?:\bsig|x-amz-security-token|x-amz-signature|accountkey|sharedaccesskey|sharedaccesssignature|password|pwd)=)[^&"\\; ]+',
            '\1***',
            'g'
        )
    else masked_fields(record_text)
end;

-- A JSON value that some exports wrap once more in a string, as JSON.
create or replace temp macro unwrapped(json_value) as case
    when json_type(json_value) = 'VARCHAR' then try_cast(json_value ->> '$' as json) else json_value
end;

-- What may be an address, as written; a name, such as that of a service, is null. Ingest then makes each distinct one
-- canonical by Python's ipaddress (`pipeline/addresses.py`), without its port, or null.
create or replace temp macro address(address_text) as case
    when length(address_text) < 60 and regexp_full_match(address_text, '[0-9A-Fa-f.:%\[\]]+(%\w+)?')
    then address_text
end;

-- An operation name as one of its spellings: dashes, blanks and UAL's trailing dot.
create or replace temp macro operation(operation_text) as rtrim(trim(regexp_replace(operation_text, '\s*[–—]\s*', ' - ', 'g')), '.');

-- The time that a CloudTrail file's name says it was delivered at, or null.
create or replace temp macro delivered_at(file_name) as utc(regexp_extract(file_name, '_(\d{8}T\d{4})Z_[^/_]*$', 1) || '00Z');

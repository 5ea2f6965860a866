-- Addresses of the batch written in any but the canonical form, replaced by it (null where they are no address). Grain:
-- statement.
update staged
set source_ip = canonical_addresses.canonical
from canonical_addresses
where staged.source_ip = canonical_addresses.written

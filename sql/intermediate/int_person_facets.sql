-- What each person did successfully, facet by facet. Grain: event, facet. A client is the user agent without its numbers.
with
    acts as (
        select holders.*, networks.country
        from int_event_holders as holders
        left join int_networks as networks using (source_ip)
        where holders.person_id is not null and holders.outcome = 'success'
    ),

    facets as (
        select
            acts.person_id,
            acts.thing_id,
            acts.network_id,
            acts.source,
            acts.tenant_id,
            acts.event_id,
            acts.occurred_at,
            unnest(
                [
                    struct_pack(facet := 'network', value := acts.network_id),
                    struct_pack(facet := 'country', value := acts.country),
                    struct_pack(facet := 'client', value := acts.client),
                    struct_pack(
                        facet := 'device',
                        value
                        := case when acts.source = 'entra_signin' and not acts.is_device_code then nullif(acts.device_id, '') end
                    ),
                    struct_pack(facet := 'region', value := case when acts.provider = 'aws' then acts.region end),
                    struct_pack(facet := 'action', value := acts.source || '/' || acts.action),
                    struct_pack(
                        facet := 'role',
                        value := case
                            when starts_with(acts.action, 'AssumeRole')
                            then acts.target_id
                            when contains(acts.issuer_id, ':role/')
                            then acts.issuer_id
                        end
                    ),
                    struct_pack(
                        facet := 'secret',
                        value := case
                            when
                                acts.action in (
                                    'GetSecretValue',
                                    'BatchGetSecretValue',
                                    'GetParameter',
                                    'GetParameters',
                                    'GetParametersByPath',
                                    'SecretGet',
                                    'KeyGet',
                                    'CertificateGet'
                                )
                            then lower(acts.target_id)
                        end
                    ),
                    struct_pack(
                        facet := 'bucket',
                        value := case
                            when acts.source = 'azure_storage'
                            then lower(acts.target_name)
                            when acts.service = 's3.amazonaws.com'
                            then lower(split_part(acts.target_id, '/', 1))
                        end
                    )
                ],
                recursive := true
            )
        from acts
    )

select facets.*
from facets
where facets.value is not null

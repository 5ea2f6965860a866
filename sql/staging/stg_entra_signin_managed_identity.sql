-- Sign-ins of managed identities to Entra ID as events. Grain: one landed record.
select * from stg_entra_signin_fields where source = 'entra_signin_managed_identity'

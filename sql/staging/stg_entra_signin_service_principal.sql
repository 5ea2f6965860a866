-- Service-principal sign-ins to Entra ID as events. Grain: one landed record.
select * from stg_entra_signin_fields where source = 'entra_signin_service_principal'

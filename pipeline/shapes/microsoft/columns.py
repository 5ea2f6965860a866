"""The column names of the Log Analytics tables that staging reads, in their true case.

Source: the Azure Monitor table reference. Some exports write names in small letters or in camel case; a name has one true
case in all tables but for the few in `OTHERWISE`.
"""

_NAMES = """
_BilledSize _IsBillable _ResourceId _SubscriptionId AADOperationType AADTenantId AccessedResources
AccessTier AccountEnabled AccountName Activity ActivityDateTime ActivityDisplayName ActivityStatus
ActivityStatusValue ActivitySubstatus ActivitySubstatusValue AdditionalDetails AdditionalInfo
AddressAuthorizationType Agent Algorithm AlternateSignInName ApiVersion AppDisplayName AppId
AppliedAssignmentId AppliedConditionalAccessPolicies AppliedEventListeners AppOwnerTenantId ATContent
ATContentH ATContentP AuthenticationAppDeviceDetails AuthenticationAppPolicyEvaluationDetails
AuthenticationContextClassReferences AuthenticationDetails AuthenticationHash AuthenticationMethodsUsed
AuthenticationProcessingDetails AuthenticationProtocol AuthenticationRequirement
AuthenticationRequirementPolicies AuthenticationType AuthenticatorAppLocation Authorization
Authorization_d AuthorizationDetails AutonomousSystemNumber Caller CallerIpAddress Category CategoryValue
Cause CertificateIssuerProperties CertificatePolicyProperties CertificateProperties
CertificateRequestProperties ChangeId Claims Claims_d ClientAppUsed ClientAuthMethod ClientCredentialType
ClientInfo ClientRequestId ClientSessionId ConditionalAccessAudiences ConditionalAccessPolicies
ConditionalAccessStatus ConditionsUsed ContentLengthHeader CorrelationId CreatedDateTime
CrossTenantAccessType CycleId DestinationUri DetectedDateTime DetectionTimingType DeviceDetail DeviceId
DisplayName DurationMs EnabledForDeployment EnabledForDiskEncryption EnabledForTemplateDeployment
EnablePurgeProtection EnableRbacAuthorization EnableSoftDelete Etag EventDataId EventSubmissionTimestamp
FederatedCredentialId FlaggedForReview GlobalSecureAccessIpAddress Hierarchy HomeTenantId HomeTenantName
HsmPoolResourceId HTTPRequest HttpStatusCode Id Identity IdentityProvider IncomingTokenType InitiatedBy
IPAddress IPAddressFromResourceProvider IsAccessPolicyMatch IsAddressAuthorized IsDeleted IsGuest
IsInteractive IsProcessing IsRbacAuthorized IsRisky IsTenantRestricted IsThroughGlobalSecureAccess JobId
KeyIds KeyProperties LastModifiedTime LastUpdatedDateTime Level Location LocationDetails LoggedByService
ManagedServiceIdentity Message MetricResponseType MfaDetail ModifiedProperties NetworkAcls
NetworkLocationDetails Nsp ObjectKey OperationCount OperationId OperationName OperationNameValue
OperationVersion OriginalRequestId OriginalTransferMethod ProcessingTimeInMilliseconds ProcessingTimeInMs
Properties Properties_d Protocol ProvisioningAction ProvisioningStatusInfo ProvisioningSteps
ReferrerHeader RehydratePriority RequestBodySize RequesterAppId RequesterAudience RequesterObjectId
RequesterTenantId RequesterTokenIssuer RequesterUpn RequesterUserName RequestHeaderSize RequestId
RequestMd5 RequestMethod RequestUri Resource ResourceDisplayName ResourceGroup ResourceId ResourceIdentity
ResourceOwnerTenantId ResourceProvider ResourceProviderValue ResourceServicePrincipalId ResourceTenantId
ResourceType ResponseBodySize ResponseHeaderSize ResponseMd5 ResponseSizeBytes ResponseStatusCode Result
ResultDescription ResultReason ResultSignature ResultType RiskDetail RiskEventType RiskEventTypes
RiskEventTypes_V2 RiskLastUpdatedDateTime RiskLevel RiskLevelAggregated RiskLevelDuringSignIn RiskState
Roles SasExpiryStatus SchemaVersion Scopes SecretProperties ServerLatencyMs ServicePrincipal
ServicePrincipalCredentialKeyId ServicePrincipalCredentialThumbprint ServicePrincipalDisplayName
ServicePrincipalId ServicePrincipalName ServicePrincipalType ServiceType SessionId SessionLifetimePolicies
SignInActivityId SignInEventTypes SignInIdentifier SignInIdentifierType Sku SmbCommandDetail
SmbCommandMajor SmbCommandMinor SmbCreditsConsumed SmbFileId SmbMessageID SmbPersistentHandleID
SmbPrimarySID SmbSessionID SmbStatusCode SmbTreeConnectID SmbVolatileHandleID SoftDeleteRetentionInDays
Source SourceAccessTier SourceAppClientId SourceIdentity SourceSystem SourceUri Status StatusCode
StatusInfo StatusText StorageAccountProperties StorageSasDefinitionProperties SubnetId SubscriptionId
TargetIdentity TargetResources TargetSystem TenantId TimeGenerated TlsVersion TokenIssuedAt
TokenIssuerName TokenIssuerType TokenProtectionStatusDetails TrustedService Type UniqueTokenId
UniqueTokenIdentifier Uri UserAgent UserAgentHeader UserDisplayName UserId UserPrincipalName UserType
VaultProperties Wids
clientInfo_s clientIp_s httpStatusCode_d id_s identity_claim_appid_g identity_claim_ipaddr_s identity_claim_oid_g
identity_claim_http_schemas_microsoft_com_identity_claims_objectidentifier_g identity_claim_upn_s
identity_claim_http_schemas_xmlsoap_org_ws_2005_05_identity_claims_upn_s isAccessPolicyMatch_b requestUri_s
"""
COLUMNS: dict[str, str] = {name.lower(): name for name in _NAMES.split()}
TRUE_NAMES = frozenset(COLUMNS.values())

OTHERWISE: dict[str, dict[str, str]] = {
    "MicrosoftGraphActivityLogs": {"aadtenantid": "AadTenantId"},
    "AADUserRiskEvents": {"ipaddress": "IpAddress"},
    "AADServicePrincipalRiskEvents": {"ipaddress": "IpAddress"},
    "AZKVAuditLogs": {"tlsversion": "Tlsversion"},
    "AzureDiagnostics": {"calleripaddress": "CallerIPAddress"},
}

BOOLEANS = frozenset(
    [
        "AccountEnabled",
        "EnabledForDeployment",
        "EnabledForDiskEncryption",
        "EnabledForTemplateDeployment",
        "EnablePurgeProtection",
        "EnableRbacAuthorization",
        "EnableSoftDelete",
        "FlaggedForReview",
        "IsAccessPolicyMatch",
        "IsAddressAuthorized",
        "IsDeleted",
        "IsGuest",
        "IsInteractive",
        "IsProcessing",
        "IsRbacAuthorized",
        "IsRisky",
        "IsTenantRestricted",
        "IsThroughGlobalSecureAccess",
        "isAccessPolicyMatch_b",
    ]
)

TABLES: dict[str, str] = {
    name.lower(): name
    for name in [
        "SigninLogs",
        "AADNonInteractiveUserSignInLogs",
        "AADServicePrincipalSignInLogs",
        "AADManagedIdentitySignInLogs",
        "AADMicrosoftServicePrincipalSignInLogs",
        "ADFSSignInLogs",
        "AuditLogs",
        "AADUserRiskEvents",
        "AADRiskyUsers",
        "AADServicePrincipalRiskEvents",
        "AADRiskyServicePrincipals",
        "AADProvisioningLogs",
        "MicrosoftGraphActivityLogs",
        "AzureActivity",
        "AzureDiagnostics",
        "AzureMetrics",
        "AZKVAuditLogs",
        "StorageBlobLogs",
        "StorageFileLogs",
        "StorageQueueLogs",
        "StorageTableLogs",
    ]
}

# what the column Category of a row says about its table, where the row does not name it
TABLES_BY_CATEGORY: dict[str, str] = {
    "signinlogs": "SigninLogs",
    "noninteractiveusersigninlogs": "AADNonInteractiveUserSignInLogs",
    "serviceprincipalsigninlogs": "AADServicePrincipalSignInLogs",
    "managedidentitysigninlogs": "AADManagedIdentitySignInLogs",
    "microsoftserviceprincipalsigninlogs": "AADMicrosoftServicePrincipalSignInLogs",
    "adfssigninlogs": "ADFSSignInLogs",
    "provisioninglogs": "AADProvisioningLogs",
}

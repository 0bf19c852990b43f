import Bytes
import Policy
import Providers
import Tokens

/// Deployments at Azure.
extension RouteBuilder {
    /// Where a request's headers, or the config in them, say which resource or tenant, nothing of the operator's goes there.
    func keepAtHome(
        _ azure: AzureTarget, _ target: Target, _ headers: RoutingHeaders, _ credential: inout [UInt8]?, _ source: inout CredentialSource,
        isOperatorConfig: Bool
    ) throws(Rejection) {
        let isNamedInConfig = !isOperatorConfig && target.options.azure.namesPlace
        if isNamedInConfig || isNamedByHeaders(target, headers) && headers.azure.namesPlace {
            if source == .operators { throw ownHostOnly("a virtual key's requests go") }
            if source == .callersElseOperators { (credential, source) = (nil, .callers) }
        } else if source == .callersElseOperators, !azure.tenant.isEmpty {
            // A secret that is exchanged is the operator's, whatever the caller brings.
            source = .operators
        }
    }

    /// Whether the request's own headers say where it goes: then they say how, too.
    func isNamedByHeaders(_ target: Target, _ headers: RoutingHeaders) -> Bool {
        target.provider < 0 || headers.config.isEmpty && headers.keyConfig < 0 && headers.namesProvider
    }

    /// Where the target's deployment is: as its config says, or as the request's headers do where they name the provider.
    func azure(
        _ target: Target, _ program: Program, _ headers: RoutingHeaders, _ upstream: Upstream, _ settings: Snapshot.Settings?
    ) throws(Rejection) -> AzureTarget? {
        let written = written(target, program, settings) { $0.azure.isSaid }
        let (options, program) = (written.options.azure, written.program)
        let isNamedByHeaders = isNamedByHeaders(target, headers)
        let given = isNamedByHeaders ? headers.azure : AzureHeaders()
        func text(_ configured: ByteRun, _ header: ByteSlice) -> [UInt8] { configured.isEmpty ? [UInt8](header) : [UInt8](program.bytes(configured)) }
        var azure = AzureTarget()
        azure.resource = String(decoding: text(options.resource, given.resource), as: UTF8.self)
        azure.deployment = text(options.deployment, given.deployment)
        azure.version = text(options.apiVersion, given.apiVersion)
        azure.usesToken = options.usesToken || !given.token.isEmpty
        azure.tenant = String(decoding: text(options.entraTenant, given.tenant), as: UTF8.self)
        azure.client = String(decoding: text(options.entraClient, given.client), as: UTF8.self)
        azure.scope = String(decoding: text(options.entraScope, given.scope), as: UTF8.self)
        // Beside the machine's identity there is no other credential: it would make the caller's of what is the operator's.
        if options.identity == .none {
            if !given.token.isEmpty { azure.secret = [UInt8](given.token) }
            if !given.clientSecret.isEmpty { azure.secret = [UInt8](given.clientSecret) }
        }
        azure.identity = options.identity
        azure.identityClient = String(program.bytes(options.identityClient))
        if given.wantsIdentity {
            throw Rejection(
                .invalidHeader, "the identity of the gateway's machine is asked with for configs of its file only: declare one with azure_auth_mode, and name it",
                parameter: "x-portkey-azure-auth-mode")
        }
        // Config texts were judged when they were compiled; a header's could lead to another host or path.
        guard AzureTarget.isName(Array(azure.resource.utf8)), AzureTarget.isName(azure.version), AzureTarget.isName(Array(azure.tenant.utf8)) else {
            throw Rejection(.invalidHeader, "an Azure resource, tenant or API version is up to 64 letters, digits, \".\" and \"-\"", parameter: "x-portkey-azure-resource-name")
        }
        return azure
    }

    /// Where the target's tokens come from; nil where a key, or a token somebody has fetched already, is sent as it is.
    func tokenSource(_ azure: AzureTarget, _ secret: [UInt8]?, _ upstream: Upstream) throws(Rejection) -> TokenSource? {
        let clouds = snapshot.clouds
        switch azure.identity {
        case .managed: return TokenSource(metadata: clouds.azureMetadata, client: azure.identityClient)
        case .workload:
            let tenant = azure.tenant.isEmpty ? clouds.azureTenant : azure.tenant
            let client = azure.identityClient.isEmpty ? clouds.azureClient : azure.identityClient
            guard !tenant.isEmpty, !client.isEmpty, !clouds.azureTokenFile.isEmpty, AzureTarget.isName(Array(tenant.utf8)) else {
                throw Rejection(
                    .invalidConfig,
                    "\(upstream.id): workload identity needs AZURE_FEDERATED_TOKEN_FILE, and a tenant and a client from AZURE_TENANT_ID and AZURE_CLIENT_ID or the config",
                    parameter: "azure_auth_mode")
            }
            return TokenSource(authority: clouds.azureAuthority, tenant: tenant, client: client, tokenFile: clouds.azureTokenFile, scope: azure.scope)
        case .none: break
        }
        guard !azure.tenant.isEmpty else { return nil }
        guard let secret else { throw Rejection(.missingCredential, "\(upstream.id): a client of Entra's needs its secret") }
        return TokenSource(authority: clouds.azureAuthority, tenant: azure.tenant, client: azure.client, secret: secret, scope: azure.scope)
    }
}

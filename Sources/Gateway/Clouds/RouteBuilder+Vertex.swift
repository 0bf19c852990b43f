import Bytes
import Policy
import Providers
import Tokens

/// A place at Vertex AI as a target names it.
struct VertexTarget {
    var project = ""
    let region: String
    /// Whether a caller, and not the configuration, says which project.
    var isProjectCallers: Bool
    /// Whether anybody says so, beside a service account.
    let isProjectNamed: Bool
    /// A service account that came in a header of its own.
    let account: [UInt8]?
}

extension RouteBuilder {
    /// Where the target's models are: as its config says, or as the request's headers do where they name the provider.
    func vertex(
        _ target: Target, _ program: Program, _ headers: RoutingHeaders, _ settings: Snapshot.Settings?, isOperatorConfig: Bool
    ) throws(Rejection) -> VertexTarget {
        let written = written(target, program, settings) { $0.vertex.isSaid }
        let (options, program) = (written.options.vertex, written.program)
        let given = isNamedByHeaders(target, headers) ? headers.vertex : VertexHeaders()
        let project = options.project.isEmpty ? given.project : program.bytes(options.project)
        let region = options.region.isEmpty ? given.region : program.bytes(options.region)
        guard !region.isEmpty else {
            throw Rejection(.invalidHeader, "Vertex AI needs a region: send x-portkey-vertex-region or set vertex_region", parameter: "vertex_region")
        }
        // Config texts were judged when they were compiled; a header's could lead to another host or path.
        guard VertexPath.isName(region, ofProject: false), project.isEmpty || VertexPath.isName(project, ofProject: true) else {
            throw Rejection(
                .invalidHeader, "a region of Vertex AI is up to 64 letters, digits and \"-\"; a project may have \".\" and \":\", too",
                parameter: "x-portkey-vertex-region")
        }
        return VertexTarget(
            project: String(project), region: String(region),
            isProjectCallers: !project.isEmpty && (options.project.isEmpty || !isOperatorConfig && !written.isVirtualKeys),
            isProjectNamed: !project.isEmpty, account: given.account.isEmpty ? nil : [UInt8](given.account))
    }

    /// The service account in a credential, where it is one: then its tokens are sent, and its project is the target's unless one is named.
    ///
    /// What is the operator's goes to no project that a caller names.
    func account(
        in secret: inout [UInt8]?, _ source: inout CredentialSource, _ label: String, _ vertex: inout VertexTarget, _ upstream: Upstream
    ) throws(Rejection) -> ServiceAccount? {
        if vertex.isProjectCallers, source == .callersElseOperators { (secret, source) = (nil, .callers) }
        guard let text = secret, text.first == UInt8(ascii: "{") else {
            if vertex.isProjectCallers, source == .operators { throw ownProjectOnly }
            return nil
        }
        let account: ServiceAccount
        do throws(ServiceAccountFault) {
            account = try text.withByteSlice { (json) throws(ServiceAccountFault) in try ServiceAccount(json: json) }
        } catch {
            throw Rejection(.invalidConfig, "\(upstream.id): \(error)", parameter: "vertex_service_account_json")
        }
        // A secret that is exchanged is the operator's, whatever the caller brings.
        if source == .callersElseOperators { source = .operators }
        if vertex.project.isEmpty {
            vertex.project = account.project
            vertex.isProjectCallers = source != .operators
        } else if account.project != vertex.project {
            if vertex.isProjectCallers, source == .operators { throw ownProjectOnly }
            guard vertex.isProjectNamed else {
                throw Rejection(.invalidConfig, "\(upstream.id): [\(label)] is of another project than the credentials before it: set vertex_project_id")
            }
        }
        return account
    }

    var ownProjectOnly: Rejection {
        Rejection(.invalidHeader, "requests with the gateway's own credential go to its own project only", parameter: "x-portkey-vertex-project-id")
    }

    /// Whether the target's config sets a stream; nil where that is the client's to say.
    func overriddenStream(_ target: Target, _ program: Program) -> Bool? {
        for override in program.overrides(target.overrides) where program.bytes(override.name) == "stream" { return program.bytes(override.value) == "true" }
        return nil
    }

    /// The model the target's config sets, a string's content; empty for none.
    func overriddenModel(_ target: Target, _ program: Program) -> ByteSlice {
        for override in program.overrides(target.overrides) where program.bytes(override.name) == "model" {
            let value = program.bytes(override.value)
            return value.count >= 2 && value[0] == UInt8(ascii: "\"") ? value[1..<value.count - 1] : ByteSlice("")
        }
        return ByteSlice("")
    }
}

import Bytes
import Policy
import Providers

/// What the store says beside the file: virtual keys with settings, with several credentials, or none that can be used; configs of workspaces.
extension RouteBuilder {
    // MARK: Who may name what

    /// Whether a caller may name config `index`: one of the store is for holders of keys, at home where they are.
    func mayName(_ index: Int, _ headers: RoutingHeaders) -> Bool {
        guard let stored = snapshot.storedConfigs[index] else { return true }
        return headers.isKeyed && isOpen(stored.workspace, to: headers)
    }

    /// The program of a declared config, where it has one.
    func config(_ index: Int) throws(Rejection) -> Program {
        guard let why = snapshot.storedConfigs[index]?.refusal else { return snapshot.configs[index] }
        let name = snapshot.catalog.configNames.names[index]
        throw Rejection(.invalidConfig, "config \"\(name)\" cannot be used: \(why)", parameter: "x-portkey-config")
    }

    /// - Throws: when virtual key `index` is another workspace's, which is as if there were none.
    func checkName(of index: Int, _ headers: RoutingHeaders) throws(Rejection) {
        let key = snapshot.virtualKeys[index]
        guard isOpen(key.workspace, to: headers) else { throw unknownVirtualKey(key.slug) }
    }

    /// The first of the target's virtual keys that is out of use, told.
    func unusable(_ target: Target, _ program: Program, _ named: Named) -> Rejection? {
        for (_, credential, _, _) in credentials(of: target, program, named) {
            guard let key = virtualKey(credential, target, named), let why = snapshot.virtualKeys[key].refusal else { continue }
            return RouteBuilder.unusable(snapshot.virtualKeys[key].slug, why)
        }
        return nil
    }

    static func unusable(_ slug: String, _ why: String) -> Rejection {
        Rejection(.virtualKeyUnusable, "virtual key \(Operations.quoted(slug)) \(why)")
    }

    func unknownVirtualKey(_ slug: String) -> Rejection {
        Rejection(.unknownVirtualKey, "no virtual key named \"\(slug)\" is declared")
    }

    private func isOpen(_ workspace: Int32, to headers: RoutingHeaders) -> Bool {
        workspace < 0 || headers.workspace < 0 || workspace == headers.workspace
    }

    // MARK: Several credentials

    /// A credential of a target; those of its virtual key, where that has several.
    func shares(
        _ label: String, _ credential: TargetCredential, _ weight: Double, _ target: Target, _ named: Named
    ) -> [(String, TargetCredential, Double, [UInt8]?)] {
        guard let key = virtualKey(credential, target, named), snapshot.virtualKeys[key].pool.count > 1 else { return [(label, credential, weight, nil)] }
        return snapshot.virtualKeys[key].pool.enumerated().map { ("\(label) \($0)", credential, weight * $1.weight, $1.credential) }
    }

    // MARK: Settings

    /// What the target's virtual keys say beside their credentials, all the same.
    ///
    /// - Throws: when one of them is not the caller's to name.
    func settings(of target: Target, _ program: Program, _ headers: RoutingHeaders, _ named: Named) throws(Rejection) -> Snapshot.Settings? {
        let credentials = credentials(of: target, program, named)
        var found: Snapshot.Settings?
        for (index, (label, credential, _, _)) in credentials.enumerated() {
            let key = virtualKey(credential, target, named)
            if let key { try checkName(of: key, headers) }
            let own = key.flatMap { snapshot.virtualKeys[$0].settings }
            if index == 0 { found = own }
            guard own?.text == found?.text else {
                throw Rejection(.invalidConfig, "\(String(program.bytes(target.path))): [\(label)] has other settings than the credentials before it")
            }
        }
        return found
    }

    /// The options that were written where, of a virtual key or of a config.
    struct WrittenOptions {
        let options: ProviderOptions
        let program: Program
        /// Whether the virtual key says so: then nobody else does.
        let isVirtualKeys: Bool
    }

    /// A virtual key's settings go before the target's own, each family of them as a whole.
    func written(
        _ target: Target, _ program: Program, _ settings: Snapshot.Settings?, where isSaid: (ProviderOptions) -> Bool
    ) -> WrittenOptions {
        guard let settings, isSaid(settings.options) else { return WrittenOptions(options: target.options, program: program, isVirtualKeys: false) }
        return WrittenOptions(options: settings.options, program: settings.program, isVirtualKeys: true)
    }

    /// Fields that every request to a target carries.
    func options(_ target: Target, _ program: Program, _ settings: Snapshot.Settings?) -> [(StaticString, ByteSlice)] {
        func value(_ path: KeyPath<ProviderOptions, ByteRun>) -> ByteSlice {
            let found = written(target, program, settings) { !$0[keyPath: path].isEmpty }
            return found.program.bytes(found.options[keyPath: path])
        }
        return [
            ("openai-organization", value(\.openAIOrganization)), ("openai-project", value(\.openAIProject)), ("openai-beta", value(\.openAIBeta)),
            ("anthropic-beta", value(\.anthropicBeta)),
        ]
    }
}

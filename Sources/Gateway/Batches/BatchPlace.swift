import Bytes
import Policy
import Providers

/// Where a destination's files are kept and its batches run: a provider without files of its own keeps them in buckets.
final class BatchPlace {
    /// A host and what stands before the paths there.
    struct Site {
        let origin: Origin
        /// As the `host` field has it.
        let authority: OwnedBytes
        let base: OwnedBytes

        init(_ origin: Origin, base: [UInt8] = []) {
            self.origin = origin
            authority = Array(origin.authority.utf8).withByteSlice { OwnedBytes($0) }
            self.base = base.withByteSlice { OwnedBytes($0) }
        }
    }

    let store: BucketObject.Store
    let storage: Site
    let jobs: Site
    /// What the target's config says; each empty where it says nothing.
    let bucket: [UInt8]
    let key: [UInt8]
    let model: [UInt8]
    let encryption: [UInt8]
    let encryptionKey: [UInt8]
    /// Whether the operator wrote that.
    let isOperators: Bool
    /// Whether the request's headers may say what the config does not.
    let takesHeaders: Bool
    private var storagePool: UpstreamPool?
    private var jobPool: UpstreamPool?

    init(
        _ store: BucketObject.Store, storage: Site, jobs: Site, _ options: StorageOptions, _ program: Program, isOperators: Bool, takesHeaders: Bool
    ) {
        self.store = store
        self.storage = storage
        self.jobs = jobs
        bucket = [UInt8](program.bytes(options.bucket))
        key = [UInt8](program.bytes(options.key))
        model = [UInt8](program.bytes(options.model))
        encryption = [UInt8](program.bytes(options.encryption))
        encryptionKey = [UInt8](program.bytes(options.encryptionKey))
        self.isOperators = isOperators
        self.takesHeaders = takesHeaders
    }

    /// The worker's connections to one of the two; made when they are first wanted, as few targets' are.
    func pool(toStorage: Bool, _ worker: Worker) throws(Rejection) -> UpstreamPool {
        if let known = toStorage ? storagePool : jobPool { return known }
        let pool = try worker.pool(for: toStorage ? storage.origin : jobs.origin)
        if toStorage { storagePool = pool } else { jobPool = pool }
        return pool
    }
}

extension RouteBuilder {
    /// Where Bedrock's files and batches are: the region's S3, and its control plane unless a host of somebody's own stands in for all of Bedrock.
    func batches(
        _ amazon: AmazonTarget, _ target: Target, _ program: Program, _ headers: RoutingHeaders, at own: BatchPlace.Site?, isOperatorConfig: Bool
    ) throws(Rejection) -> BatchPlace? {
        guard let storage = try site(snapshot.clouds.amazonStorage, or: BedrockPath.storageHost(ofRegion: amazon.region)) else { return nil }
        let regional = try site(nil, or: BedrockPath.jobHost(ofRegion: amazon.region))
        guard let jobs = own ?? regional else { return nil }
        return BatchPlace(
            .amazon, storage: storage, jobs: jobs, target.options.storage, program, isOperators: isOperatorConfig,
            takesHeaders: isNamedByHeaders(target, headers))
    }

    /// Where Vertex AI's are: in Cloud Storage, and beside the models.
    func batches(
        _ target: Target, _ program: Program, _ headers: RoutingHeaders, at own: BatchPlace.Site, isOperatorConfig: Bool
    ) throws(Rejection) -> BatchPlace? {
        guard let storage = try site(snapshot.clouds.googleStorage, or: VertexPath.storageHost) else { return nil }
        return BatchPlace(
            .google, storage: storage, jobs: own, target.options.storage, program, isOperators: isOperatorConfig,
            takesHeaders: isNamedByHeaders(target, headers))
    }

    /// - Parameter endpoint: the machine's word for it; it was judged when it was read.
    private func site(_ endpoint: String?, or host: String?) throws(Rejection) -> BatchPlace.Site? {
        guard let endpoint else {
            return host.map {
                BatchPlace.Site(
                    Origin(
                        isTLS: true, host: $0, port: 443, caFile: nil, mayBePrivate: false, mayBeLoopback: false,
                        wire: snapshot.limits.upstreamHTTP2.wire(isTLS: true)))
            }
        }
        let text = Array(endpoint.utf8)
        do throws(HostFault) {
            return try text.withByteSlice { (text) throws(HostFault) in
                let url = try HostURL(text)
                let origin = Origin(
                    isTLS: url.isSecure, host: String(url.host).lowercased(), port: url.port, caFile: nil, mayBePrivate: true, mayBeLoopback: true,
                    wire: snapshot.limits.upstreamHTTP2.wire(isTLS: url.isSecure))
                return BatchPlace.Site(origin, base: [UInt8](url.path))
            }
        } catch {
            throw Rejection(.invalidConfig, "the object store's address, \(endpoint), cannot be read: \(error)")
        }
    }
}

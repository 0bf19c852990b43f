import Configuration
import Gateway
import JSON
import Policy
import TLS

/// Where arguments say to listen, and with which certificate where the file names none.
struct ListenArguments {
    var addresses: [ListenAddress] = []
    var certificate: TLSDeclaration.Certificate?

    /// The listeners, with the file's where no argument names one.
    func listeners(or declared: [ListenerDeclaration]) -> [ListenerDeclaration] {
        let listeners = addresses.isEmpty ? declared : addresses.map { ListenerDeclaration(address: $0) }
        guard let certificate else { return listeners }
        return listeners.map { listener in
            // A Unix socket is this machine's own.
            if case .unix = listener.address { return listener }
            return listener.tls == nil ? listener.showing(TLSDeclaration(certificates: [certificate])) : listener
        }
    }
}

/// How connections of each listener begin, with what it shows over TLS made from its files.
struct ListenerContexts {
    /// In the order of the listeners.
    private(set) var traits: [ListenerTraits] = []
    private(set) var diagnostics: [Diagnostic] = []
    private let replacesGood: Bool

    /// - Parameter replacesGood: whether others serve now: what clients will refuse for its dates is a fault then, and else only told.
    init(_ listeners: [ListenerDeclaration], offersHTTP2: Bool, replacesGood: Bool) {
        self.replacesGood = replacesGood
        for listener in listeners {
            var row = ListenerTraits()
            row.expectsProxyHeader = listener.expectsProxyHeader
            row.speaksHTTP1 = listener.speaksHTTP1
            row.serves = ListenerRole(listener.serves)
            let protocols: [TLSProtocol] = offersHTTP2 ? listener.speaksHTTP1 ? [.http2, .http1] : [.http2] : [.http1]
            if let tls = listener.tls { row.tls = context(tls, protocols) }
            traits.append(row)
        }
    }

    private mutating func context(_ declaration: TLSDeclaration, _ protocols: [TLSProtocol]) -> TLSServerContext? {
        let certificates = declaration.certificates.compactMap { certificate($0) }
        guard let clients = clients(declaration), certificates.count == declaration.certificates.count else { return nil }
        do throws(TLSContextError) {
            return try TLSServerContext(
                certificates: certificates, protocols: protocols, clients: clients, from: declaration.lowestVersion == .tls13 ? .tls13 : .tls12)
        } catch {
            diagnostics.append(fault(error, declaration))
            return nil
        }
    }

    private mutating func certificate(_ declaration: TLSDeclaration.Certificate) -> TLSCertificate? {
        let chain = declaration.chain.read(isKey: false, &diagnostics)
        let key = declaration.key.read(isKey: true, &diagnostics)
        guard let chain, let key else { return nil }
        do throws(TLSCertificateError) {
            let certificate = try TLSCertificate(chain: chain.bytes, key: key.bytes)
            if let fault = certificate.dateFault {
                diagnostics.append(declaration.chain.fault("will be refused by clients: \(fault)", severity: replacesGood ? .error : .warning))
            }
            return certificate
        } catch {
            diagnostics.append((error.isOfKey ? declaration.key : declaration.chain).fault("\(error)"))
            return nil
        }
    }

    /// Nil, with a diagnostic, where the authorities' file cannot be had.
    private mutating func clients(_ declaration: TLSDeclaration) -> TLSServerContext.Clients? {
        guard declaration.clientCertificates != .off, let authorities = declaration.clientCA else { return .anonymous }
        // OpenSSL reads it by itself; who may write it may let anybody in.
        guard authorities.read(isKey: false, &diagnostics) != nil else { return nil }
        return declaration.clientCertificates == .required ? .required(caFile: authorities.path) : .optional(caFile: authorities.path)
    }

    private func fault(_ error: TLSContextError, _ declaration: TLSDeclaration) -> Diagnostic {
        switch error {
        case .certificate(let index, let reason): declaration.certificates[index].chain.fault("cannot be used: \(reason)")
        case .clientCA(let path, let reason): (declaration.clientCA ?? FileReference(argument: path)).fault("holds no usable certificate: \(reason)")
        case .caFile, .systemStore, .library: declaration.certificates[0].chain.fault("\(error)")
        }
    }
}

extension ListenerRole {
    init(_ declared: ListenerDeclaration.Role) {
        switch declared {
        case .all: self = .all
        case .models: self = .models
        case .admin: self = .admin
        }
    }
}

extension Diagnostic {
    /// As `rendered`; what an argument names stands in no file.
    func told(path: String?) -> String {
        if let path, position.line > 0 { return rendered(path: path) }
        return "sluice: " + message + (hint.map { "; \($0)" } ?? "")
    }
}

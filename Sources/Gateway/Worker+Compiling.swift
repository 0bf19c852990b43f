import Bytes
import Reactor

/// What the steps ask of the compiler.
extension Worker {
    /// What `headers`, whose text is `text`, come to, compiled elsewhere; the request of `client` is taken up again when they have been.
    func program(of headers: RoutingHeaders, text: ByteSlice, for client: Token) -> CompilePurse.Found {
        guard let compiler else { return .refused }
        let texts = HeaderTexts(headers)
        let catalog = headers.isKeyed ? snapshot.catalog : snapshot.openCatalog
        let namesProvider = headers.namesProvider
        let version = snapshot.version
        let mailbox = mailbox
        return compiling.program(of: text, for: client, now: now) { key in
            compiler.compile(
                ConfigCompiler.Job(texts: texts, catalog: catalog, namesProvider: namesProvider) { mailbox.send(.compiled(key, version, $0)) })
        }
    }
}

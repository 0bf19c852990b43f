public import Bytes
public import JSON

/// Config text → diagnostics → `Program`.
///
/// Every fault is found, not only the first; with any error there is no program.
public struct PolicyCompiler {
    public let catalog: Catalog
    public let origin: ConfigOrigin

    public init(catalog: Catalog, origin: ConfigOrigin) {
        self.catalog = catalog
        self.origin = origin
    }

    /// Compiles one JSON text.
    public func compile(_ text: ByteSlice) -> (program: Program?, diagnostics: [Diagnostic]) {
        let parsed = DocumentParser.parse(text)
        guard let root = parsed.document?.root else { return (nil, parsed.diagnostics) }
        let compiled = compile(Field(node: root, path: DocumentPath(), keyPosition: root.position))
        let diagnostics = parsed.diagnostics + compiled.diagnostics
        return (diagnostics.hasErrors ? nil : compiled.program, diagnostics)
    }

    /// Compiles a config that stands somewhere inside a larger document.
    public func compile(_ field: Field) -> (program: Program?, diagnostics: [Diagnostic]) {
        var reader = ConfigReader(origin: origin, catalog: catalog)
        guard let config = reader.config(field) else { return (nil, reader.diagnostics) }
        var lowering = Lowering(reader: reader)
        lowering.lower(config)
        let diagnostics = lowering.reader.diagnostics
        return (diagnostics.hasErrors ? nil : Program(lowering.parts), diagnostics)
    }
}

import Bytes
import JSON

/// JSON Schemas on their way to `parametersJsonSchema` and `responseJsonSchema`.
///
/// These members take plain JSON Schema, `$defs`, `$ref`, `additionalProperties` and unions with null included, where the older
/// `parameters` and `responseSchema` take a subset of OpenAPI's. So nothing is inlined or left out here; only what is
/// documented as not understood is said in the words that are:
///
///     {"$ref":R,"description":D}   {"anyOf":[{"$ref":R}],"description":D}     a reference may have no plain siblings
///     {"const":"x"}                {"enum":["x"]}
///     {"allOf":[X]}                {"anyOf":[X]}
///     "definitions"                "$defs"
///
/// - Source: ai.google.dev/api/generate-content, GenerationConfig.responseJsonSchema ("only the following properties are supported")
struct GeminiSchema {
    /// Whether the root's `definitions` become `$defs`, and references to them follow.
    private let renames: Bool

    /// Writes `schema`, a whole one: references in it start at its root.
    static func write(_ schema: JSONValue, to writer: inout ByteWriter) {
        let renames = schema.member("definitions") != nil && schema.member("$defs") == nil
        GeminiSchema(renames: renames).write(schema, to: &writer)
    }

    private func write(_ schema: JSONValue, to writer: inout ByteWriter) {
        guard schema.isObject else { return writer.append(schema.bytes) }
        let isWrapped = needsWrap(schema)
        var list = GeminiList("{", "}")
        for (name, value) in schema.members {
            if name == "$ref", isWrapped { continue }
            write(name, value, of: schema, &list, &writer)
        }
        if isWrapped, let reference = schema.member("$ref") {
            list.member("anyOf", &writer)
            writer.append("[{\"$ref\":")
            write(reference: reference, &writer)
            writer.append("}]")
        }
        if list.isOpen { list.close(&writer) } else { writer.append("{}") }
    }

    /// Whether a reference has siblings it may not have. Beside an `anyOf` there is no place for it.
    private func needsWrap(_ schema: JSONValue) -> Bool {
        guard schema.member("$ref")?.isString == true, schema.member("anyOf") == nil else { return false }
        for (name, _) in schema.members where name.content.isEmpty || name.content[0] != UInt8(ascii: "$") { return true }
        return false
    }

    private func write(_ name: JSONString, _ value: JSONValue, of schema: JSONValue, _ list: inout GeminiList, _ writer: inout ByteWriter) {
        list.next(&writer)
        if name == "const", value.isString || value.isNumber, schema.member("enum") == nil {
            writer.append("\"enum\":[")
            writer.append(value.bytes)
            return writer.append("]")
        }
        if name == "allOf", value.count == 1, schema.member("anyOf") == nil, schema.member("$ref") == nil {
            writer.append("\"anyOf\":")
            return writeEach(of: value, &writer)
        }
        if name == "definitions", renames {
            writer.append("\"$defs\":")
            return writeMap(value, &writer)
        }
        GeminiText.quote(name.content, &writer)
        writer.append(":")
        switch place(of: name) {
        case .schema where value.isArray: writeEach(of: value, &writer)
        case .schema: write(value, to: &writer)
        case .schemas: writeEach(of: value, &writer)
        case .map: writeMap(value, &writer)
        case .reference: write(reference: value, &writer)
        case .plain: writer.append(value.bytes)
        }
    }

    private enum Place { case schema, schemas, map, reference, plain }

    /// Where schemas stand in a schema: a property may be called `$ref` or `const` and is neither.
    private func place(of name: JSONString) -> Place {
        guard let name = name.plain else { return .plain }
        switch name.count {
        case 2: return name == "if" ? .schema : .plain
        case 3: return name == "not" ? .schema : .plain
        case 4: return name == "$ref" ? .reference : name == "then" || name == "else" ? .schema : .plain
        case 5:
            if name == "items" { return .schema }
            if name == "$defs" { return .map }
            return name == "anyOf" || name == "oneOf" || name == "allOf" ? .schemas : .plain
        case 8: return name == "contains" ? .schema : .plain
        case 10: return name == "properties" ? .map : .plain
        case 11: return name == "prefixItems" ? .schemas : name == "definitions" ? .map : .plain
        case 13: return name == "propertyNames" ? .schema : .plain
        case 16: return name == "dependentSchemas" ? .map : .plain
        case 17: return name == "patternProperties" ? .map : .plain
        case 20: return name == "additionalProperties" ? .schema : .plain
        default: return .plain
        }
    }

    private func writeEach(of schemas: JSONValue, _ writer: inout ByteWriter) {
        guard schemas.isArray else { return writer.append(schemas.bytes) }
        writer.append("[")
        var list = GeminiList("", "")
        for schema in schemas.elements {
            list.next(&writer)
            write(schema, to: &writer)
        }
        writer.append("]")
    }

    private func writeMap(_ schemas: JSONValue, _ writer: inout ByteWriter) {
        guard schemas.isObject else { return writer.append(schemas.bytes) }
        writer.append("{")
        var list = GeminiList("", "")
        for (name, schema) in schemas.members {
            list.next(&writer)
            GeminiText.quote(name.content, &writer)
            writer.append(":")
            write(schema, to: &writer)
        }
        writer.append("}")
    }

    private func write(reference: JSONValue, _ writer: inout ByteWriter) {
        guard renames, let text = reference.string, text.content.hasPrefix("#/definitions/") else { return writer.append(reference.bytes) }
        writer.append("\"#/$defs/")
        writer.append(text.content.dropFirst(14))
        writer.append("\"")
    }
}

import JSON

/// `/sluice/openapi.json`: the console described by its own table.
/// - Source: OpenAPI 3.1
enum Description {
    static let route = Route(.get, "/sluice/openapi.json", .anyKey, "Describes this API.") { (_, _) throws(ConsoleError) in document }

    static let document: DocumentNode = .object([
        "openapi": .text("3.1.0"),
        "info": .object(["title": .text("Sluice's console"), "version": .text("1")]),
        "servers": .list([.object(["url": .text("/v1")])]),
        "security": .list([.object(["key": .list([])])]),
        "paths": .object(paths),
        "components": .object([
            "securitySchemes": .object([
                "key": .object(["type": .text("apiKey"), "in": .text("header"), "name": .text("x-portkey-api-key")])
            ]),
            "schemas": .object(["error": error]),
        ]),
    ])

    private static var paths: [(String, DocumentNode)] {
        var patterns: [String] = []
        for route in RouteTable.all where !patterns.contains(route.pattern) { patterns.append(route.pattern) }
        return patterns.map { pattern in
            let methods = RouteTable.all.filter { $0.pattern == pattern }.map { ($0.method.rawValue.lowercased(), operation($0)) }
            return (pattern, .object(methods))
        }
    }

    private static func operation(_ route: Route) -> DocumentNode {
        let scopes = route.permission.scopes
        let needs = needs(route.permission)
        var members: [(String, DocumentNode)] = [("summary", .text(route.summary)), ("description", .text(needs)), ("x-scopes", .texts(scopes))]
        if route.permission == .link { members.append(("security", .list([]))) }
        let path = route.parameters.map { parameter($0, in: "path", schema: .object(["type": .text("string")]), required: true, summary: "an id, or a slug") }
        let query = route.query.map { parameter($0.name, in: "query", schema: schema($0.kind), required: $0.isRequired, summary: $0.summary) }
        if !(path + query).isEmpty { members.append(("parameters", .list(path + query))) }
        if let body = route.body {
            let whole = body.most == 1 ? schema(body) : schema(.oneOrMore(body, atMost: body.most))
            let content = DocumentNode.object(["application/json": .object(["schema": whole])])
            members.append(("requestBody", .object(["required": .flag(body.fields.contains(where: \.isRequired)), "content": content])))
        }
        if case .bytes = route.handling { return .object(members + bytes(route)) }
        let object = DocumentNode.object(["type": .text("object")])
        let usual: DocumentNode = route.answersList ? .object(["type": .text("array"), "items": object]) : object
        let done = route.contentTypes.isEmpty ? content("done", usual) : content("done", .object(["type": .text("string")]), of: route.contentTypes)
        members.append(("responses", .object(["200": done, "default": content("refused", .object(["$ref": .text("#/components/schemas/error")]))])))
        return .object(members)
    }

    /// What a body and an answer of bytes are; a refusal is of the body's type as well.
    private static func bytes(_ route: Route) -> [(String, DocumentNode)] {
        let types = DocumentNode.object(route.contentTypes.map { ($0, .object(["schema": .empty])) })
        let answers = ["200", "default"].map { ($0, DocumentNode.object(["description": .text($0 == "200" ? "done" : "refused"), "content": types])) }
        return [("requestBody", .object(["required": .flag(true), "content": types])), ("responses", .object(answers))]
    }

    private static func needs(_ permission: Route.Permission) -> String {
        switch permission {
        case .link: "No key: a signed link, as the path before it gives one."
        case .anyKey: "Any API key."
        case .scope, .oneOf: "Needs \(permission.scopes.map { "`\($0)`" }.joined(separator: " or "))."
        }
    }

    private static func content(_ summary: String, _ schema: DocumentNode, of types: [String] = ["application/json"]) -> DocumentNode {
        .object(["description": .text(summary), "content": .object(types.map { ($0, .object(["schema": schema])) })])
    }

    private static func parameter(_ name: String, in place: String, schema: DocumentNode, required: Bool, summary: String) -> DocumentNode {
        .object(["name": .text(name), "in": .text(place), "required": .flag(required), "description": .text(summary), "schema": schema])
    }

    // MARK: Schemas

    private static func schema(_ shape: BodyShape) -> DocumentNode {
        let properties = shape.fields.map { field in
            let aliases = field.aliases.isEmpty ? "" : " Also spelled \(field.aliases.map { "`\($0)`" }.joined(separator: ", "))."
            return (field.name, schema(field.kind).with(["description": .text(field.summary + "." + aliases)]))
        }
        return .object([
            "type": .text("object"), "properties": .object(properties), "required": .texts(shape.fields.filter(\.isRequired).map(\.name)),
            "additionalProperties": .flag(shape.isOpen),
        ])
    }

    private static let entry = BodyKind.text(atMost: ConsoleLimits.entryByteCount)

    private static func schema(_ kind: BodyKind) -> DocumentNode {
        switch kind {
        case .text(let limit): .object(["type": .text("string"), "maxLength": .number(limit)])
        case .word: .object(["type": .texts(["string", "number"])])
        case .choice(let words): .object(["type": .text("string"), "enum": .texts(words)])
        case .flag: .object(["type": .text("boolean")])
        case .integer(let range): .object(["type": .text("integer"), "minimum": .number(range.lowerBound), "maximum": .number(range.upperBound)])
        case .amount(let range), .decimal(let range):
            .object(["type": .text("number"), "minimum": .number(range.lowerBound), "maximum": .number(range.upperBound)])
        case .time, .date: .object(["type": .text("string"), "format": .text("date-time")])
        case .list(let kind, let limit): .object(["type": .text("array"), "items": schema(kind), "maxItems": .number(limit)])
        case .object(let shape): schema(shape)
        case .oneOrMore(let shape, let limit): .object(["oneOf": .list([schema(shape), schema(.list(of: .object(shape), atMost: limit))])])
        case .textOrObject(let shape, _): .object(["oneOf": .list([.object(["type": .text("string")]), schema(shape)])])
        case .textOrList(let limit):
            .object(["oneOf": .list([schema(entry), schema(.list(of: entry, atMost: limit))])])
        case .texts:
            .object([
                "type": .text("object"), "maxProperties": .number(ConsoleLimits.metadataCount),
                "additionalProperties": schema(.text(atMost: ConsoleLimits.metadataByteCount)),
            ])
        case .anyObject: .object(["type": .text("object")])
        case .objectOrText: .object(["type": .texts(["object", "string"])])
        case .any, .copy: .empty
        }
    }

    private static let error = DocumentNode.object([
        "type": .text("object"),
        "properties": .object([
            "success": .object(["const": .flag(false)]), "message": .object(["type": .text("string")]),
            "error": .object([
                "type": .text("object"),
                "properties": .object([
                    "message": .object(["type": .text("string")]), "code": .object(["type": .text("string")]),
                    "request_id": .object(["type": .text("string")]),
                    "errors": .object(["type": .text("array"), "items": .object(["type": .text("object")])]),
                ]),
            ]),
        ]),
    ])
}

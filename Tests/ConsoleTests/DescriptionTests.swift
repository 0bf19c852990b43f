import JSON
import Testing
@testable import Console

@Suite("The console's description")
struct DescriptionTests {
    @Test("it is answered to whoever has a key, at its path, and is of OpenAPI 3.1")
    func answered() throws {
        let desk = try Desk()
        let reply = desk.ask("GET", "/sluice/openapi.json", key: try desk.key(["completions.write"]))
        #expect(reply.status == 200 && reply.text("openapi") == "3.1.0")
        #expect(desk.ask("GET", "/v1/sluice/openapi.json", key: try desk.key(["completions.write"])).text("openapi") == "3.1.0")
        #expect(desk.ask("POST", "/sluice/openapi.json").status == 405)
    }

    @Test("it has each route with its scopes, parameters and members, and no other")
    func complete() throws {
        let paths = try #require(Description.document["paths"])
        var described = 0
        for path in paths.members { described += path.value.members.count }
        #expect(described == RouteTable.all.count)
        for route in RouteTable.all {
            let operation = try #require(paths[route.pattern]?[route.method.rawValue.lowercased()], "\(route.pattern)")
            #expect(operation["x-scopes"]?.texts == route.permission.scopes)
            let parameters = (operation["parameters"] ?? .null).elements.compactMap { $0["name"]?.string }
            #expect(parameters == route.parameters + route.query.map(\.name))
            let whole = operation["requestBody"]?["content"]?["application/json"]?["schema"]
            // Of a body that may be a list as well, the object.
            let schema = whole?["oneOf"]?.elements.first ?? whole
            #expect((whole?["oneOf"] != nil) == ((route.body?.most ?? 1) > 1))
            #expect(schema?["properties"]?.members.map(\.name) == route.body?.fields.map(\.name))
            #expect(schema?["required"]?.texts == route.body?.fields.filter(\.isRequired).map(\.name))
        }
    }

    @Test("no two routes have one method and pattern, and no member of a body has another's name")
    func distinct() {
        let names = RouteTable.all.map { "\($0.method.rawValue) \($0.pattern)" }
        #expect(Set(names).count == names.count)
        for route in RouteTable.all {
            for fields in [route.body?.fields ?? [], route.query] {
                let spellings = fields.flatMap { [$0.name] + $0.aliases }
                #expect(Set(spellings).count == spellings.count, "\(route.pattern)")
            }
        }
    }
}

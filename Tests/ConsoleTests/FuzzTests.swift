import Foundation
import JSON
import Testing
@testable import Console

/// Requests nobody would make, from a seed: `SLUICE_SEED` says another, `SLUICE_LONG` makes more of them.
@Suite("Hostile requests to the console")
struct FuzzTests {
    private let seed = ProcessInfo.processInfo.environment["SLUICE_SEED"].flatMap { UInt64($0) } ?? 20_261_126
    private let count = ProcessInfo.processInfo.environment["SLUICE_LONG"] == nil ? 1500 : 50_000

    private static let words = [
        "name", "a", "", "pc-x", "openai", "ws-default", "completions.write", "admin", "2027-01-01", "env:X", "…", "\u{0}", "é", "@x/y", "*",
        "sk-0123456789abcdefgh", "id", "key", "config", "provider", "scopes", "usage_limits", "rate_limits", "conditions", "group_by", "targets", "strategy", "type", "value",
    ]

    private static let numbers = ["0", "1", "-1", "1e3", "1e400", "0.1", "9223372036854775807", "18446744073709551616"]

    private func value(_ dice: inout Dice, _ depth: Int) -> DocumentNode {
        switch dice.roll(depth > 4 ? 5 : 8) {
        case 0: .null
        case 1: .flag(dice.roll(2) == 0)
        case 2: DocumentNode(.number(DocumentNumber(text: dice.pick(Self.numbers))), at: .start)
        case 3, 4: .text(dice.pick(Self.words) + (dice.roll(6) == 0 ? String(repeating: "x", count: dice.roll(400)) : ""))
        case 5: .list((0..<dice.roll(4)).map { _ in value(&dice, depth + 1) })
        default: .object((0..<dice.roll(5)).map { _ in (dice.pick(Self.words), value(&dice, depth + 1)) })
        }
    }

    /// A value that a kind takes, mostly.
    private func value(of kind: BodyKind, _ dice: inout Dice) -> DocumentNode {
        if dice.roll(8) == 0 { return value(&dice, 0) }
        switch kind {
        case .choice(let words): return .text(dice.pick(words))
        case .flag: return .flag(dice.roll(2) == 0)
        case .integer(let range): return .number(dice.roll(2) == 0 ? range.lowerBound : range.upperBound)
        case .amount(let range), .decimal(let range): return .number(dice.roll(2) == 0 ? range.lowerBound : range.upperBound)
        case .time, .date: return .text(dice.pick(["2027-06-01", "2030-01-01T00:00:00Z", "1970-01-01"]))
        case .list(let kind, _): return .list((0..<dice.roll(4)).map { _ in value(of: kind, &dice) })
        case .object(let shape), .oneOrMore(let shape, _), .textOrObject(let shape, _): return object(shape, &dice)
        case .text, .word, .textOrList, .copy: return .text(dice.pick(Self.words))
        case .texts, .anyObject, .objectOrText, .any: return value(&dice, 0)
        }
    }

    private func object(_ shape: BodyShape, _ dice: inout Dice) -> DocumentNode {
        .object(shape.fields.compactMap { field in
            guard dice.roll(field.isRequired ? 12 : 3) != 1 else { return nil }
            return (dice.pick([field.name] + field.aliases), value(of: field.kind, &dice))
        })
    }

    @Test("no path, query or body is answered otherwise than with JSON, or a stream, and a status of the client's, or success")
    func nothingBreaks() throws {
        let desk = try Desk(file: declaredObjects(), hasBooks: true)
        var dice = Dice(seed: seed)
        var ids = ["ws-default", "a", "ci", "file-openai", "file-config"]
        var statuses: [Int: Int] = [:]
        for turn in 0..<count {
            let route = dice.pick(RouteTable.all)
            var path = Array("/v1\(route.pattern)".replacing(/\{\w+\}/) { _ in dice.roll(4) == 0 ? dice.pick(Self.words) : dice.pick(ids) }.utf8)
            var body = (route.body.map { object($0, &dice) } ?? .empty).json
            var query = route.query.isEmpty || dice.roll(3) > 0 ? [] : Array("\(dice.pick(route.query).name)=\(dice.pick(Self.words))".utf8)
            // A few bytes that are others.
            if dice.roll(5) == 0, !path.isEmpty { path[dice.roll(path.count)] = UInt8(truncatingIfNeeded: dice.next()) }
            if dice.roll(5) == 0, !body.isEmpty { body[dice.roll(body.count)] = UInt8(truncatingIfNeeded: dice.next()) }
            if dice.roll(9) == 0, !body.isEmpty { body.removeLast(dice.roll(body.count)) }
            if dice.roll(5) == 0, !query.isEmpty { query[dice.roll(query.count)] = UInt8(truncatingIfNeeded: dice.next()) }
            let method = dice.roll(12) == 0 ? dice.pick(["PATCH", "", "get", "DELETE", "POST"]) : route.method.rawValue
            if route.permission == .link { query = Array("organisation_id=\(desk.organisation)&expires=1&signature=\(dice.pick(Self.words))".utf8) }
            let isByLink = route.permission == .link && dice.roll(5) > 0
            let request = ConsoleRequest(
                method: method, path: path, query: query, body: body, credential: isByLink ? [] : Array(desk.admin.utf8), peer: "127.0.0.1",
                isPortkeySDK: dice.roll(2) == 0, isByLink: isByLink, nowMilliseconds: Desk.start)
            let reply = desk.ask(request)
            statuses[reply.status, default: 0] += 1
            let told = "seed \(seed), turn \(turn): \(method) \(String(decoding: path, as: UTF8.self)) \(String(decoding: body, as: UTF8.self))"
            switch reply.json.value {
            case .object: break
            case _ where reply.isStream && reply.status == 200: break
            case .array where path.starts(with: Array("/v1/prompts/".utf8)) && !request.isPortkeySDK && reply.status == 200: break
            default: Issue.record("no object was answered; \(told)")
            }
            #expect([200, 400, 404, 405, 409, 413].contains(reply.status) || reply.status == 401, "\(reply.status) \(told)")
            // A refusal says why.
            #expect(reply.status == 200 || !reply.message.isEmpty, "\(told)")
            if reply.status == 200, let id = reply.json["id"]?.string, ids.count < 200 { ids.append(id) }
        }
        // Else it was not these routes that were tried.
        #expect(statuses[200, default: 0] > count / 20 && statuses[400, default: 0] > count / 20, "\(statuses)")
        #expect(try desk.store.verifyAudit().faults.isEmpty)
    }

    @Test("no credential opens but one that was issued")
    func credentials() throws {
        let desk = try Desk()
        var dice = Dice(seed: seed)
        for _ in 0..<200 {
            var credential = Array(desk.admin.utf8)
            let place = dice.roll(credential.count)
            credential[place] ^= UInt8(1 + dice.roll(255))
            let request = ConsoleRequest(method: "GET", path: Array("/v1/api-keys".utf8), credential: credential, nowMilliseconds: Desk.start)
            #expect(desk.ask(request).status == 401)
        }
    }
}

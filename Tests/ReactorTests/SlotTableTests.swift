import Reactor
import Testing

@Suite("Slot table and its tokens")
struct SlotTableTests {
    final class Item {
        let token: Token
        init(_ token: Token) { self.token = token }
    }

    @Test("a token keeps kind, generation and slot apart at their largest and smallest", arguments: [
        (UInt8.max, UInt32(0), UInt32(0)), (0, 0xFF_FFFF, 0), (0, 0, UInt32.max), (7, 42, 1_000_000), (255, 0xFF_FFFF, .max),
    ])
    func tokenRoundTrips(_ kind: UInt8, _ generation: UInt32, _ slot: UInt32) {
        let token = Token(rawValue: Token(kind: kind, generation: generation, slot: slot).rawValue)
        #expect(token.kind == kind)
        #expect(token.generation == generation)
        #expect(token.slot == slot)
    }

    @Test("a generation past 24 bits does not reach into the kind")
    func generationIsCut() {
        let token = Token(kind: 1, generation: 0x0100_0005, slot: 9)
        #expect(token.kind == 1)
        #expect(token.generation == 5)
    }

    @Test("an object is found by its token until it is removed; an event that comes late finds nothing")
    func staleTokensFindNothing() {
        var table = SlotTable<Item>(kind: 2)
        let first = table.insert(Item.init)
        #expect(first.token.kind == 2)
        #expect(table.object(for: first.token) === first)
        table.remove(first.token)
        #expect(table.object(for: first.token) == nil)
        let second = table.insert(Item.init)
        #expect(second.token.slot == first.token.slot, "a slot is used again")
        #expect(table.object(for: first.token) == nil)
        #expect(table.object(for: second.token) === second)
        table.remove(first.token)
        #expect(table.object(for: second.token) === second, "a stale token removes nothing")
        #expect(table.count == 1)
    }

    @Test("removing twice counts once and hands no slot out twice")
    func removesOnce() {
        var table = SlotTable<Item>(kind: 0)
        let item = table.insert(Item.init)
        table.remove(item.token)
        table.remove(item.token)
        #expect(table.count == 0)
        #expect(table.insert(Item.init).token.slot != table.insert(Item.init).token.slot)
    }

    @Test("the table grows past its first size and finds everyone")
    func grows() {
        var table = SlotTable<Item>(kind: 0)
        let items = (0..<5000).map { _ in table.insert(Item.init) }
        #expect(items.allSatisfy { table.object(for: $0.token) === $0 })
        for item in items { table.remove(item.token) }
        #expect(table.count == 0)
        #expect(table.all.isEmpty)
    }

    @Test("a token from nowhere finds nothing")
    func strangersFindNothing() {
        var table = SlotTable<Item>(kind: 0)
        #expect(table.object(for: Token(rawValue: .max)) == nil)
        table.remove(Token(rawValue: .max))
        #expect(table.count == 0)
    }

    @Test("all objects are listed once, without those removed")
    func lists() {
        var table = SlotTable<Item>(kind: 0)
        let items = (0..<5).map { _ in table.insert(Item.init) }
        table.remove(items[1].token)
        #expect(table.all.map(\.token.slot) == [0, 2, 3, 4])
        #expect(table.count == 4)
    }
}

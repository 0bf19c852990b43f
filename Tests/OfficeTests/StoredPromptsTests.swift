import Bytes
import Prompts
import Store
import Testing

@testable import Office

@Suite("Stored prompts in a snapshot")
struct StoredPromptsTests {
    /// A prompt with versions, the first of them published.
    private func prompt(_ world: World, _ slug: String, _ texts: [String], workspace: String? = nil) throws -> Prompt {
        var prompt = Prompt()
        prompt.head.organisationID = world.organisation
        prompt.head.workspaceID = workspace
        prompt.name = slug
        prompt.slug = slug
        prompt.latestVersion = Int64(texts.count)
        let made = try world.store.create(prompt, by: .system)
        try add(texts, to: made, world)
        return made
    }

    private func partial(_ world: World, _ slug: String, _ texts: [String]) throws {
        var partial = PromptPartial()
        partial.head.organisationID = world.organisation
        partial.name = slug
        partial.slug = slug
        partial.latestVersion = Int64(texts.count)
        try add(texts, to: try world.store.create(partial, by: .system), world)
    }

    private func add(_ texts: [String], to owner: some Versioned, _ world: World) throws {
        for (index, text) in texts.enumerated() {
            var version = owner.nextVersion()
            version.name = "\(index + 1)"
            version.number = Int64(index + 1)
            var template = PromptTemplate()
            template.string = text
            template.model = "m\(index + 1)"
            version.template = template.json
            _ = try world.store.create(version, by: .system)
        }
    }

    private func body(_ reference: String, _ prompts: StoredPrompts, in workspace: Int32 = -1) -> Result<String, PromptFault> {
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: 4096)
        defer { memory.deallocate() }
        var writer = ByteWriter(memory, capacity: 4096)
        var renderer = PromptRenderer()
        return Array(reference.utf8).withByteSlice { reference in
            do throws(PromptFault) {
                let found = try prompts.table.prompt(reference, in: workspace)
                try renderer.write(found.version, ByteSlice("{}"), partials: prompts.table, in: workspace, into: &writer)
                return .success(String(writer.written))
            } catch {
                return .failure(error)
            }
        }
    }

    private func read(
        _ world: World, before: StoredPrompts = StoredPrompts(), bytes: Int = 1 << 20, count: Int = 100, _ asked: (Int) -> Void = { _ in }
    ) throws -> StoredPrompts {
        let rows = try world.rows()
        let numbers = WorkspaceNumbers().with(rows.workspaces)
        return try StoredPrompts(rows, numbers, before: before, byteLimit: bytes, countLimit: count) { (ids) throws(StoreError) in
            asked(ids.count)
            return try world.store.promptTemplates(of: ids)
        }
    }

    @Test("prompts are found by id and slug, with their partials and what they were saved with; nobody's workspace is nobody's")
    func found() throws {
        let world = try World()
        let space = try world.workspace("space")
        try partial(world, "pp-part", ["one", "two"])
        let made = try prompt(world, "pp-a", ["a {{>pp-part}} {{>pp-part@latest}}", "b"])
        _ = try prompt(world, "pp-b", ["b"], workspace: space.id)
        let prompts = try world.stored().others.prompts
        for name in [made.id, "pp-a"] { #expect(body(name, prompts) == .success(#"{"model":"m1","prompt":"a one two"}"#)) }
        #expect(body("pp-a@latest", prompts) == .success(#"{"model":"m2","prompt":"b"}"#))
        // A store is made with one workspace.
        #expect(body("pp-b", prompts, in: 1) == .success(#"{"model":"m1","prompt":"b"}"#))
        #expect(body("pp-b", prompts, in: 0) == .failure(.unknownPrompt))
        #expect(prompts.faults.isEmpty)
    }

    @Test("a version is read and compiled once")
    func once() throws {
        let world = try World()
        _ = try prompt(world, "pp-a", ["a", "b"])
        var asked: [Int] = []
        let first = try read(world) { asked.append($0) }
        _ = try prompt(world, "pp-b", ["c"])
        let second = try read(world, before: first) { asked.append($0) }
        #expect(asked == [2, 1])
        #expect(body("pp-a@2", second) == .success(#"{"model":"m2","prompt":"b"}"#))
    }

    @Test("past the bounds the oldest that no name leads to are left out, refused by their number, and told of")
    func bounds() throws {
        let world = try World()
        _ = try prompt(world, "pp-a", ["1", "2", "3", "4", "5"])
        let few = try read(world, count: 3)
        for (reference, version) in [("pp-a", "1"), ("pp-a@latest", "5"), ("pp-a@4", "4")] {
            #expect(body(reference, few) == .success("{\"model\":\"m\(version)\",\"prompt\":\"\(version)\"}"))
        }
        #expect(body("pp-a@3", few) == .failure(.versionNotKept(3)))
        #expect(few.faults.count == 1 && few.faults[0].hasPrefix("2 versions of prompts"))
        #expect(try read(world, count: 5).faults.isEmpty)
        #expect(body("pp-a@2", try read(world, bytes: 20)) == .failure(.versionNotKept(2)))
    }
}

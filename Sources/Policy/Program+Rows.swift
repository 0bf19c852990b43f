public import Guardrails

extension Program {
    /// A target's override parameters, its ancestors' first.
    public func overrides(_ run: RowRun) -> ArraySlice<Override> { overrides[run.rows] }

    /// The names of a target's forwarded headers.
    public func headerNames(_ run: RowRun) -> ArraySlice<ByteRun> { headerNames[run.rows] }

    /// How many hooks check what is sent to a target, and how many what it answers.
    public func hookCounts(of target: Target) -> (input: Int, output: Int) {
        (inputHooks(of: target)?.hooks.count ?? 0, outputHooks(of: target)?.hooks.count ?? 0)
    }

    /// The checks of what is sent to a target; nil for none.
    public func inputHooks(of target: Target) -> HookSet? { target.inputHooks < 0 ? nil : hookSets[Int(target.inputHooks)] }

    /// The checks of what a target answers; nil for none.
    public func outputHooks(of target: Target) -> HookSet? { target.outputHooks < 0 ? nil : hookSets[Int(target.outputHooks)] }
}

extension Program {
    /// Whether some strategy chooses by conditions.
    public var hasConditions: Bool { !conditions.isEmpty }

    /// The children that this request's conditions choose, strategy by strategy; −1 where none holds.
    ///
    /// Two requests for which they are the same may be answered by the same targets, in whatever turn.
    public func forEachBranch(_ circumstances: some Circumstances, _ body: (Int32) -> Void) {
        for node in nodes where node.kind == .conditional { body(Pick.match(node, self, circumstances)?.node ?? -1) }
    }
}

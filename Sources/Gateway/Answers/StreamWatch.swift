import Bytes
import HTTP
import Providers

/// Follows a stream's events as their bytes pass: reads usage, and takes out the usage event that
/// only we had asked for.
///
/// Bytes are looked at where they lie. While an event is to be taken out, one that comes in pieces
/// is held until it is whole; that is the only copy here.
struct StreamWatch: ~Copyable {
    private var scanner = EventBoundaryScanner()
    private var removesUsage = false
    /// The start of an event whose end has not come.
    private var held: Block?
    private var heldCount = 0
    /// The event under way is larger than is worth holding: it goes through as it comes.
    private var passesEvent = false
    /// An event in pieces is being read in passing.
    private var isReadingPieces = false

    mutating func begin(removingUsage: Bool) {
        scanner = EventBoundaryScanner()
        removesUsage = removingUsage
        passesEvent = false
        isReadingPieces = false
    }

    mutating func reset() {
        held = nil
        heldCount = 0
    }

    /// Whether every byte goes through, whatever the events are.
    var passesAll: Bool { !removesUsage }

    /// Whether no part of an event waits here for the rest of it.
    var holdsNothing: Bool { heldCount == 0 }

    /// Whether the next byte starts an event, and nothing of one before it is here.
    var isBetweenEvents: Bool { heldCount == 0 && !passesEvent && scanner.isBetweenEvents }

    /// Whether the bytes sent so far stop inside an event.
    var isMidEvent: Bool { scanner.isMidway && (passesAll || passesEvent) }

    /// Reads usage from bytes that go through as they are: from events that are whole at once, and
    /// from the others piece by piece.
    mutating func observe(_ payload: ByteSlice, _ usage: inout UsageReader) {
        if scanner.isBetweenEvents, usage.passesDelta(payload) { return }
        var start = 0
        while let event = scanner.next(payload, from: start) {
            if let data = event.payload {
                _ = usage.readEvent(payload[data])
            } else if event.hasData {
                readPiece(payload[start..<event.end], &usage)
                if isReadingPieces { _ = usage.endEvent() }
                isReadingPieces = false
            }
            start = event.end
        }
        if start < payload.count { readPiece(payload[start..<payload.count], &usage) }
    }

    /// Feeds an event's bytes from its JSON object on; field names before it hold no brace.
    private mutating func readPiece(_ bytes: ByteSlice, _ usage: inout UsageReader) {
        if isReadingPieces { return usage.continueEvent(bytes) }
        guard let brace = bytes.firstIndex(of: UInt8(ascii: "{")) else { return }
        isReadingPieces = true
        usage.beginEvent()
        usage.continueEvent(bytes.dropFirst(brace))
    }

    /// Appends to `runs` what the client gets of the next payload bytes.
    ///
    /// - Returns: a block that `runs` points into and the sender must keep until they have left.
    mutating func filter(
        _ payload: ByteSlice, _ usage: inout UsageReader, _ runs: inout RunList, _ blocks: BlockPool
    ) -> Block? {
        // Held may be a blank line, which is of no event.
        if isBetweenEvents, usage.passesDelta(payload) {
            runs.append(payload)
            return nil
        }
        var start = 0
        var released: Block?
        if heldCount > 0 || passesEvent {
            let end = scanner.next(payload)?.end ?? payload.count
            let isWhole = !scanner.isMidway || end < payload.count
            if passesEvent {
                runs.append(payload.prefix(end))
                passesEvent = !isWhole
            } else if extendHeld(payload.prefix(end), blocks) {
                if isWhole { released = releaseHeld(&usage, &runs) }
            } else {
                released = giveUpHeld(payload.prefix(end), &runs)
                passesEvent = !isWhole
            }
            start = end
        }
        filterWhole(payload, from: start, &usage, &runs, blocks)
        return released
    }

    /// Events that start in this slice.
    private mutating func filterWhole(
        _ payload: ByteSlice, from first: Int, _ usage: inout UsageReader, _ runs: inout RunList, _ blocks: BlockPool
    ) {
        var kept = first
        var start = first
        while let event = scanner.next(payload, from: start) {
            if let data = event.payload, usage.readEvent(payload[data]) == .usageOnly,
                !runs.lacksRoom(for: GatewayLimits.runsKeptFree)
            {
                runs.append(payload[kept..<start])
                kept = event.end
            }
            start = event.end
        }
        let tail = payload.dropFirst(start)
        if tail.isEmpty || !extendHeld(tail, blocks) {
            passesEvent = !tail.isEmpty
            runs.append(payload.dropFirst(kept))
        } else {
            runs.append(payload[kept..<start])
        }
    }

    /// Adds to the held start of an event; false when there is no room for it.
    private mutating func extendHeld(_ bytes: ByteSlice, _ blocks: BlockPool) -> Bool {
        let needed = heldCount + bytes.count
        guard needed <= GatewayLimits.heldEventByteCount else { return false }
        if (held?.capacity ?? 0) < needed {
            guard let larger = blocks.lease(atLeast: max(needed, heldCount * 2)) else { return false }
            if let smaller = held.take() { larger.copy(smaller.slice(0..<heldCount), to: 0) }
            held = consume larger
        }
        held?.copy(bytes, to: heldCount)
        heldCount = needed
        return true
    }

    /// The held event is whole: it goes through, or is taken out.
    private mutating func releaseHeld(_ usage: inout UsageReader, _ runs: inout RunList) -> Block? {
        guard let whole = held.take() else { return nil }
        let event = whole.slice(0..<heldCount)
        heldCount = 0
        var alone = EventBoundaryScanner()
        if let data = alone.next(event)?.payload, usage.readEvent(event[data]) == .usageOnly { return nil }
        runs.append(event)
        return whole
    }

    /// The stream has ended: what is held is no event, and goes through as it came.
    ///
    /// - Returns: the block it lies in, which the sender must keep; nil when nothing is held.
    mutating func finish(_ runs: inout RunList) -> Block? {
        guard let start = held.take() else { return nil }
        runs.append(start.slice(0..<heldCount))
        heldCount = 0
        return start
    }

    /// The event under way grew too large: what is held goes through, and the rest as it comes.
    private mutating func giveUpHeld(_ bytes: ByteSlice, _ runs: inout RunList) -> Block? {
        guard let start = held.take() else {
            runs.append(bytes)
            return nil
        }
        runs.append(start.slice(0..<heldCount))
        heldCount = 0
        runs.append(bytes)
        return start
    }
}

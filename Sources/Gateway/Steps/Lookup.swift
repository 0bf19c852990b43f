import Bytes
import Cache
import HTTP
import Policy
import Providers
import Reactor

extension Exchange {
    /// Answers from the cache what it has, or with another request's answer that is on its way; else goes on to the target.
    ///
    /// Once a request: what comes after a failure is fetched.
    func lookup(_ client: Client) throws(Rejection) -> Next {
        if caching.followed != nil { return try follow(client) }
        if caching.replay != nil { return try replay(client) }
        guard !caching.isLookedUp, mayBeKept, let plan else { return .step(.dispatch) }
        caching.isLookedUp = true
        guard try findKey(plan, client), let rule = caching.rule else { return .step(.dispatch) }
        caching.purgeCount = worker.sharedCache?.purgeCount ?? 0
        caching.status = rule.mode == .semantic ? .semanticMiss : .miss
        if wantsRefresh(client) {
            caching.status = .refresh
        } else if let next = try answerFromCache(rule, client) {
            return next
        }
        return try takeOff(rule, plan, client)
    }

    /// Portkey takes the field's presence for it, whatever it says; its documents say `true`.
    private func wantsRefresh(_ client: Client) -> Bool {
        if client is AbsentClient { return true }
        let message = client.unread
        return request.fields.value(of: .portkeyCacheForceRefresh, in: message)?.trimmed.equalsIgnoringCase("true") == true
    }

    /// The next step where the cache has the answer.
    private func answerFromCache(_ rule: CacheRule, _ client: Client) throws(Rejection) -> Next? {
        let now = worker.now.nanoseconds
        if let hit = worker.cache?.lookup(caching.key, now: now) {
            let age = (now - min(now, hit.storedAt)) / 1_000_000_000
            let isFresh = age < UInt64(rule.maxAgeSeconds)
            let isGood = isFresh || age < UInt64(rule.maxAgeSeconds) + UInt64(rule.staleWhileRevalidateSeconds) && revalidates(client)
            if isGood, let stored = StoredAnswer(hit.bytes), rule.keepsToolCalls || !stored.figures.callsTools {
                return try give(stored, of: hit.blob, age: age, client)
            }
            let isWanted = StoredAnswer(hit.bytes).map { rule.keepsToolCalls || !$0.figures.callsTools } == true
            if isWanted, age < UInt64(rule.maxAgeSeconds) + UInt64(rule.staleIfErrorSeconds) {
                caching.stale = hit.blob
                caching.staleStoredAt = hit.storedAt
            }
        }
        guard let (blob, storedAt) = convertedAnswer(rule), let stored = StoredAnswer(blob.bytes) else { return nil }
        let age = (now - min(now, storedAt)) / 1_000_000_000
        return try give(stored, of: blob, age: age, client)
    }

    /// Makes the request's answer one that others may wait for, unless they have to wait for another's.
    private func takeOff(_ rule: CacheRule, _ plan: Plan, _ client: Client) throws(Rejection) -> Next {
        guard let shared = worker.sharedCache else { return .step(.dispatch) }
        caching.tags = tags(client.unread)
        let flight = Flight(caching.key, leader: worker.index, budget: shared.budget)
        caching.flight = flight
        guard client is AbsentClient || rule.joinsFlights && caching.status != .refresh else {
            shared.count(caching.status)
            return .step(.dispatch)
        }
        switch shared.flights.enter(flight) {
        case .follows(let other):
            caching.flight = nil
            if client is AbsentClient {
                // It is being fetched already, and that is told of there.
                caching.isRecorded = true
                keepsBodies = false
                client.close()
                return .wait
            }
            return try join(other, client)
        case .leads:
            caching.isEntered = true
            // The one before it may have ended between the look into the cache and now.
            if caching.status != .refresh, let next = try answerFromCache(rule, client) {
                failFill()
                return next
            }
        case .alone: break
        }
        shared.count(caching.status)
        return .step(.dispatch)
    }

    // MARK: A hit

    private func give(_ stored: StoredAnswer, of blob: CacheBlob, age: UInt64, _ client: Client) throws(Rejection) -> Next {
        if let next = try beginReplay(of: stored, blob, age: age, client) { return next }
        return try answer(with: stored, of: blob, age: age, client)
    }

    /// Sends an answer of the cache in one write: its head, in which the request's own fields are, and its body from where it is kept.
    @discardableResult
    func answer(with stored: StoredAnswer, of blob: CacheBlob, age: UInt64, _ client: Client) throws(Rejection) -> Next {
        guard let block = worker.blocks.lease(atLeast: GatewayLimits.ownFieldsByteCount + stored.fields.count) else { throw Rejection(.overloaded) }
        var writer = ByteWriter(block.base, capacity: block.capacity)
        answer.beginReplay(isStream: stored.figures.isStream, .length)
        writeReplayHead(age: age, to: &writer)
        writer.append(stored.fields)
        guard !writer.overflowed else { throw Rejection(.internalFault) }
        worker.runs.append(writer.written)
        worker.runs.append(stored.body)
        worker.runs.blocks.add(block)
        worker.runs.blocks.keep(blob)
        answer.state = .done
        noteHit(stored)
        sendAnswer(client)
        return .step(.settle)
    }

    /// Tells of a hit in counts and in the record.
    func noteHit(_ stored: StoredAnswer) {
        worker.sharedCache?.count(.hit)
        record.figures.status = UInt16(answer.status)
        record.figures.isStream = stored.figures.isStream
        record.figures.firstByteNanoseconds = max(1, worker.now.nanoseconds(since: startedAt))
        noteSaved(stored.figures.cost)
        record.provider = stored.figures.provider
    }

    /// Tells of what no provider was paid for.
    func noteSaved(_ cost: AnswerCost) {
        record.figures.saved = cost
        worker.sharedCache?.noteSaved(cost)
    }

    /// The status line and the fields that are this request's own.
    func writeReplayHead(age: UInt64?, to writer: inout ByteWriter) {
        if age != nil { caching.status = .hit }
        writer.append(statusLine: answer.status)
        writeCacheStatus(to: &writer)
        if let age { writer.append(field: "age", decimal: age) }
        writer.append("x-portkey-retry-attempt-count: 0\r\n")
        if answer.isStream { writer.append("x-accel-buffering: no\r\ncache-control: no-transform\r\n") }
        if explains {
            writer.append("x-sluice-decision: ")
            writer.append(age == nil ? "flight;" : "cache;")
            writer.append(decimal: UInt64(answer.status))
            writer.append("\r\nx-sluice-cache-key: ")
            AnswerFields.append(hexadecimal: caching.key.high, to: &writer)
            AnswerFields.append(hexadecimal: caching.key.low, to: &writer)
            writer.append("\r\n")
        }
        writeOwnFields(to: &writer)
        writeConnectionField(to: &writer)
    }
}

extension AnswerFields {
    /// The word's sixteen digits.
    static func append(hexadecimal word: UInt64, to writer: inout ByteWriter) {
        for shift in stride(from: 60, through: 0, by: -4) {
            let digit = UInt8(truncatingIfNeeded: word >> UInt64(shift)) & 15
            writer.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
        }
    }
}

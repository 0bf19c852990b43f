import Bytes
import Cache
import Glibc
import HTTP
import JSON

/// Writes access records in their two forms. Records are read where they lie and the second's part of
/// the time is kept: at full load the log's thread has a line to write every few microseconds.
struct AccessLine {
    private var second = UInt64.max
    /// `2026-11-24T09:30:00.`
    private var secondText = InlineText<20>()

    mutating func appendJSON(_ record: inout AccessRecord, _ tries: ByteSlice, to writer: inout ByteWriter) {
        writer.append("{\"time\":\"")
        appendTime(record.figures.wallNanoseconds, to: &writer)
        writer.append("\"")
        member(",\"id\":", &record.identifier, to: &writer)
        // A request without a trace of its own is its own trace.
        if !record.figures.hasOwnTrace { member(",\"trace\":", &record.traceIdentifier, to: &writer) }
        member(",\"peer\":", &record.peer, to: &writer)
        if record.figures.tlsVersion > 0 { writer.append(record.figures.tlsVersion == 3 ? ",\"tls\":\"1.3\"" : ",\"tls\":\"1.2\"") }
        member(",\"certificate\":", &record.certificate, to: &writer)
        member(",\"key\":", &record.key, to: &writer)
        member(",\"user\":", &record.user, to: &writer)
        member(",\"method\":", &record.method, to: &writer)
        member(",\"path\":", &record.path, to: &writer)
        writer.append(",\"protocol\":\"")
        writer.append(AccessLine.protocolName(record.figures.version))
        writer.append("\"")
        member(",\"provider\":", &record.provider, to: &writer)
        if let version = record.figures.upstreamVersion {
            writer.append(",\"upstream_protocol\":\"")
            writer.append(AccessLine.protocolName(version))
            writer.append("\"")
        }
        member(",\"model\":", &record.model, to: &writer)
        member(",\"status\":", UInt64(record.figures.status), to: &writer)
        member(",\"error\":", &record.errorCode, to: &writer)
        member(",\"attempts\":", UInt64(record.figures.attempts), to: &writer)
        if !tries.isEmpty {
            writer.append(",\"tries\":")
            writer.append(tries)
        }
        writer.append(record.figures.isStream ? ",\"stream\":true" : ",\"stream\":false")
        if record.figures.wasAborted { writer.append(",\"aborted\":true") }
        if record.figures.wasHedged { writer.append(",\"hedged\":true") }
        let cost = record.figures.cost
        if cost.inputTokens >= 0 { member(",\"tokens_in\":", UInt64(cost.inputTokens), to: &writer) }
        if cost.outputTokens >= 0 { member(",\"tokens_out\":", UInt64(cost.outputTokens), to: &writer) }
        if cost.nanodollars >= 0 { appendDollars(",\"cost_usd\":", cost.nanodollars, to: &writer) }
        if record.figures.cacheStatus != .disabled {
            writer.append(",\"cache\":\"")
            writer.append(record.figures.cacheStatus.text)
            writer.append("\"")
        }
        let saved = record.figures.saved
        if saved.inputTokens >= 0 { member(",\"saved_tokens_in\":", UInt64(saved.inputTokens), to: &writer) }
        if saved.outputTokens >= 0 { member(",\"saved_tokens_out\":", UInt64(saved.outputTokens), to: &writer) }
        if saved.nanodollars >= 0 { appendDollars(",\"saved_usd\":", saved.nanodollars, to: &writer) }
        if record.figures.firstByteNanoseconds > 0 { member(",\"first_byte_us\":", record.figures.firstByteNanoseconds / 1000, to: &writer) }
        if record.figures.queueNanoseconds > 0 { member(",\"queue_us\":", record.figures.queueNanoseconds / 1000, to: &writer) }
        if record.figures.connectNanoseconds > 0 { member(",\"connect_us\":", record.figures.connectNanoseconds / 1000, to: &writer) }
        member(",\"total_us\":", record.figures.totalNanoseconds / 1000, to: &writer)
        member(",\"bytes_in\":", record.figures.receivedByteCount, to: &writer)
        member(",\"bytes_out\":", record.figures.sentByteCount, to: &writer)
        writer.append("}\n")
    }

    mutating func appendText(_ record: inout AccessRecord, _ tries: ByteSlice, to writer: inout ByteWriter) {
        appendTime(record.figures.wallNanoseconds, to: &writer)
        column(&record.identifier, to: &writer)
        column(&record.peer, to: &writer)
        column(&record.key, to: &writer)
        column(&record.method, to: &writer)
        column(&record.path, to: &writer)
        writer.append(UInt8(ascii: " "))
        writer.append(AccessLine.protocolName(record.figures.version))
        column(&record.provider, to: &writer)
        column(&record.model, to: &writer)
        writer.append(" status=")
        writer.append(decimal: UInt64(record.figures.status))
        if !record.errorCode.isEmpty {
            writer.append(" error=")
            appendPlain(&record.errorCode, to: &writer)
        }
        writer.append(" attempts=")
        writer.append(decimal: UInt64(record.figures.attempts))
        appendTokens(" tokens=", record.figures.cost, to: &writer)
        if record.figures.cost.nanodollars >= 0 { appendDollars(" cost=$", record.figures.cost.nanodollars, to: &writer) }
        writer.append(" first_byte_us=")
        writer.append(decimal: record.figures.firstByteNanoseconds / 1000)
        writer.append(" total_us=")
        writer.append(decimal: record.figures.totalNanoseconds / 1000)
        writer.append(" bytes=")
        writer.append(decimal: record.figures.receivedByteCount)
        writer.append(UInt8(ascii: "/"))
        writer.append(decimal: record.figures.sentByteCount)
        if record.figures.queueNanoseconds > 0 {
            writer.append(" queue_us=")
            writer.append(decimal: record.figures.queueNanoseconds / 1000)
        }
        if !tries.isEmpty {
            writer.append(" tries=")
            writer.append(tries)
        }
        if let version = record.figures.upstreamVersion {
            writer.append(" upstream=")
            writer.append(AccessLine.protocolName(version))
        }
        if record.figures.tlsVersion > 0 { writer.append(record.figures.tlsVersion == 3 ? " tls=1.3" : " tls=1.2") }
        if record.figures.cacheStatus != .disabled {
            writer.append(" cache=")
            writer.append(record.figures.cacheStatus.word)
        }
        appendTokens(" saved=", record.figures.saved, to: &writer)
        if record.figures.saved.nanodollars >= 0 { appendDollars(" saved_cost=$", record.figures.saved.nanodollars, to: &writer) }
        if record.figures.isStream { writer.append(" stream") }
        if record.figures.wasAborted { writer.append(" aborted") }
        writer.append(UInt8(ascii: "\n"))
    }

    private func appendTokens(_ name: StaticString, _ cost: AnswerCost, to writer: inout ByteWriter) {
        if cost.inputTokens < 0, cost.outputTokens < 0 { return }
        writer.append(name)
        writer.append(decimal: UInt64(max(0, cost.inputTokens)))
        writer.append(UInt8(ascii: "/"))
        writer.append(decimal: UInt64(max(0, cost.outputTokens)))
    }

    /// Dollars with all their digits and no more, which a JSON number may have: `0`, `12`, `0.000325`.
    private func appendDollars(_ name: StaticString, _ nanodollars: Int64, to writer: inout ByteWriter) {
        writer.append(name)
        writer.append(decimal: nanodollars.magnitude / 1_000_000_000)
        var fraction = Int(nanodollars.magnitude % 1_000_000_000)
        if fraction == 0 { return }
        var digits = 9
        while fraction % 10 == 0 {
            fraction /= 10
            digits -= 1
        }
        writer.append(UInt8(ascii: "."))
        AccessLine.padded(fraction, digits, to: &writer)
    }

    private static func protocolName(_ version: HTTPVersion) -> StaticString {
        switch version {
        case .http10: "HTTP/1.0"
        case .http11: "HTTP/1.1"
        case .http2: "HTTP/2"
        }
    }

    /// `name` comes with its comma, quotes and colon: one literal is one copy.
    private func member<let capacity: Int>(_ name: StaticString, _ text: inout InlineText<capacity>, to writer: inout ByteWriter) {
        if text.isEmpty { return }
        writer.append(name)
        text.withBytesInPlace { writer.append(jsonString: $0) }
    }

    private func member(_ name: StaticString, _ number: UInt64, to writer: inout ByteWriter) {
        writer.append(name)
        writer.append(decimal: number)
    }

    private func column<let capacity: Int>(_ text: inout InlineText<capacity>, to writer: inout ByteWriter) {
        writer.append(UInt8(ascii: " "))
        appendPlain(&text, to: &writer)
    }

    /// The text with everything but printable ASCII made `?`; `-` when empty.
    private func appendPlain<let capacity: Int>(_ text: inout InlineText<capacity>, to writer: inout ByteWriter) {
        if text.isEmpty { return writer.append(UInt8(ascii: "-")) }
        text.withBytesInPlace { bytes in
            guard let place = writer.claim(bytes.count) else { return }
            memcpy(place, bytes.base, bytes.count)
            var at = AccessLine.firstUnprintable(place, from: 0, to: bytes.count)
            while at < bytes.count {
                place[at] = UInt8(ascii: "?")
                at = AccessLine.firstUnprintable(place, from: at + 1, to: bytes.count)
            }
        }
    }

    @inline(__always)
    private static func firstUnprintable(_ text: UnsafeMutablePointer<UInt8>, from start: Int, to end: Int) -> Int {
        ByteLanes.firstOffset(in: text, from: start, to: end) { lanes in
            (lanes .<= ByteLanes.all(0x20)) .| (lanes .>= ByteLanes.all(0x7F))
        }
    }

    /// RFC 3339 in UTC with milliseconds: `2026-11-24T09:30:00.123Z`.
    mutating func appendTime(_ wallNanoseconds: UInt64, to writer: inout ByteWriter) {
        let now = wallNanoseconds / 1_000_000_000
        if now != second {
            second = now
            secondText.replace { AccessLine.appendSecond(now, to: &$0) }
        }
        secondText.withBytesInPlace { writer.append($0) }
        AccessLine.padded(Int(wallNanoseconds / 1_000_000 % 1000), 3, to: &writer)
        writer.append(UInt8(ascii: "Z"))
    }

    private static func appendSecond(_ seconds: UInt64, to writer: inout ByteWriter) {
        let date = CivilDate(daysSince1970: Int(seconds / 86_400))
        let time = Int(seconds % 86_400)
        padded(date.year, 4, to: &writer)
        writer.append(UInt8(ascii: "-"))
        padded(date.month, 2, to: &writer)
        writer.append(UInt8(ascii: "-"))
        padded(date.day, 2, to: &writer)
        writer.append(UInt8(ascii: "T"))
        padded(time / 3600, 2, to: &writer)
        writer.append(UInt8(ascii: ":"))
        padded(time / 60 % 60, 2, to: &writer)
        writer.append(UInt8(ascii: ":"))
        padded(time % 60, 2, to: &writer)
        writer.append(UInt8(ascii: "."))
    }

    private static func padded(_ number: Int, _ digits: Int, to writer: inout ByteWriter) {
        var scale = 1
        for _ in 1..<digits { scale *= 10 }
        while scale > 0 {
            writer.append(UInt8(0x30 + number / scale % 10))
            scale /= 10
        }
    }
}

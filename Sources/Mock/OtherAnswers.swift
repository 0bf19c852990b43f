import Bytes
import HTTP

/// Answers that are not generated text.
extension Worker {
    /// The request as it came: method, target, fields in order with their names as sent, and the body
    /// as text (bytes that are no UTF-8 replaced) and in base64.
    func writeEcho(of request: Request, into output: inout Output) {
        output.append("{\"method\":")
        output.append(jsonString: request.method)
        output.append(",\"target\":")
        output.append(jsonString: request.target)
        output.append(",\"headers\":[")
        for index in 0..<requestHead.fields.count {
            let line = requestHead.fields[index]
            output.append(index == 0 ? "[" : ",[")
            output.append(jsonString: request.message[line.nameRange])
            output.append(",")
            output.append(jsonString: request.message[line.valueRange])
            output.append("]")
        }
        output.append("],\"body\":")
        output.append(jsonString: request.body)
        output.append(",\"body_base64\":\"")
        output.append(base64: request.body)
        output.append("\"}")
    }

    /// The list of models, or one of them; any name names a model here.
    func writeModels(_ name: ByteSlice?, dialect: Dialect, into output: inout Output) {
        if let name { return writeModel(name, dialect: dialect, into: &output) }
        output.append(dialect != .anthropic ? "{\"object\":\"list\",\"data\":[" : "{\"data\":[")
        writeModel(ByteSlice("mock"), dialect: dialect, into: &output)
        output.append(",")
        writeModel(ByteSlice("mock?tokens=200&gap=20"), dialect: dialect, into: &output)
        output.append(
            dialect != .anthropic ? "]}" : "],\"has_more\":false,\"first_id\":\"mock\",\"last_id\":\"mock?tokens=200&gap=20\"}")
    }

    private func writeModel(_ name: ByteSlice, dialect: Dialect, into output: inout Output) {
        output.append("{\"id\":")
        output.append(jsonString: name)
        if dialect != .anthropic {
            output.append(",\"object\":\"model\",\"created\":1767225600,\"owned_by\":\"sluice\"}")
        } else {
            output.append(",\"type\":\"model\",\"display_name\":")
            output.append(jsonString: name)
            output.append(",\"created_at\":\"2026-01-01T00:00:00Z\"}")
        }
    }

    /// One vector for each input, always the same for the same bytes.
    func writeEmbeddings(of request: Request, _ ask: Ask, saysUsage: Bool, into output: inout Output) {
        let isBase64 = bodyReader.isString("encoding_format", "base64")
        let asked = bodyReader.integer("dimensions").map { Int(clamping: $0) } ?? MockLimits.embeddingDimensions
        let dimensions = min(max(asked, 1), MockLimits.largestEmbedding)
        output.append("{\"object\":\"list\",\"data\":[")
        let input = bodyReader.value("input") ?? 0..<0
        var elements = ArrayElements(request.body, input)
        var index = 0
        var next = elements.next()
        // A string, and an array of token numbers, are one input.
        if next == nil || next.map({ ASCII.isDigit(request.body[$0.lowerBound]) }) == true { next = input }
        while let range = next {
            if index > 0 { output.append(",") }
            output.append("{\"object\":\"embedding\",\"index\":")
            output.append(decimal: index)
            output.append(",\"embedding\":")
            Embedding(of: request.body[range]).write(dimensions, isBase64: isBase64, into: &output)
            output.append("}")
            index += 1
            next = range == input ? nil : elements.next()
        }
        output.append("],\"model\":\"")
        output.append(ask.model)
        output.append("\"")
        if saysUsage {
            output.append(",\"usage\":{\"prompt_tokens\":")
            output.append(decimal: ask.promptTokens)
            output.append(",\"total_tokens\":")
            output.append(decimal: ask.promptTokens)
            output.append("}")
        }
        output.append("}")
    }

    func writeStatistics(into output: inout Output) {
        let now = counters.snapshot
        output.append("{\"requests\":")
        output.append(decimal: now.requests)
        output.append(",\"open_connections\":")
        output.append(decimal: now.openConnections)
        output.append(",\"accepted_connections\":")
        output.append(decimal: now.acceptedConnections)
        output.append(",\"started_streams\":")
        output.append(decimal: now.startedStreams)
        output.append(",\"completed_streams\":")
        output.append(decimal: now.completedStreams)
        output.append(",\"aborted_by_client\":")
        output.append(decimal: now.abortedByClient)
        output.append(",\"billed_input_tokens\":")
        output.append(decimal: now.billedInputTokens)
        output.append(",\"billed_output_tokens\":")
        output.append(decimal: now.billedOutputTokens)
        output.append(",\"received_bytes\":")
        output.append(decimal: now.receivedBytes)
        output.append(",\"sent_bytes\":")
        output.append(decimal: now.sentBytes)
        output.append("}")
    }
}

/// A vector drawn from a hash of its input: multiples of 1/128 from −1 up to 1, exact in binary and in decimal.
struct Embedding {
    private let seed: UInt64

    init(of input: ByteSlice) { seed = Checksum.fnv1a(input) }

    func write(_ dimensions: Int, isBase64: Bool, into output: inout Output) {
        var random = Random(seed: seed)
        if isBase64 {
            output.append("\"")
            withUnsafeTemporaryAllocation(of: UInt32.self, capacity: dimensions) { values in
                for index in 0..<dimensions { values[index] = (Float(Embedding.value(&random)) / 128).bitPattern.littleEndian }
                guard let base = values.baseAddress else { return }
                output.append(
                    base64: ByteSlice(UnsafeRawPointer(base).assumingMemoryBound(to: UInt8.self), count: dimensions * 4))
            }
            output.append("\"")
            return
        }
        output.append("[")
        for index in 0..<dimensions {
            if index > 0 { output.append(",") }
            let value = Embedding.value(&random)
            output.append(value < 0 ? "-" : "")
            // Seven digits after the point, led by zeros: 1/128 is 0.0078125.
            let scaled = value.magnitude * 78_125
            output.append(decimal: Int(scaled / 10_000_000))
            output.append(".")
            var unit: UInt = 1_000_000
            while unit > 0 {
                output.append(UInt8(truncatingIfNeeded: 0x30 + scaled / unit % 10))
                unit /= 10
            }
        }
        output.append("]")
    }

    private static func value(_ random: inout Random) -> Int { Int(truncatingIfNeeded: random.next() >> 56) - 128 }
}

/// FNV-1a, 64 bits: a checksum anyone can recompute in three lines; not for tables, not a digest.
enum Checksum {
    static func fnv1a(_ bytes: ByteSlice) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for index in 0..<bytes.count { hash = (hash ^ UInt64(bytes[index])) &* 0x100_0000_01B3 }
        return hash
    }
}

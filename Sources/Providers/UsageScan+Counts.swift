import Bytes

/// What the containers and texts that are followed come to.
extension UsageScan {
    @inline(__always)
    mutating func note(_ count: ReportedUsage.Count, _ number: Int64) {
        if isInTurn { turn.note(count, number) } else { pending.note(count, number) }
    }

    /// An object begins.
    @inline(__always)
    mutating func begin(_ container: Container) {
        switch container {
        case .usage, .geminiUsage, .bedrockUsage:
            pending.removeAll()
            isInTurn = false
        case .geminiModality, .bedrockDetail, .vertexStatistics:
            modality.removeAll()
            pending.forget(.modality)
        case .iteration:
            modality.removeAll()
            turnModel.removeAll()
            turn.removeAll()
            isInTurn = true
        default: break
        }
    }

    /// A container ends that stands in `outer`.
    mutating func end(_ container: Container, in outer: Container) {
        switch container {
        case .usage, .geminiUsage, .bedrockUsage:
            if pending.isMeaningful {
                usage.take(&pending)
                hasUsage = true
            }
        case .geminiModality:
            if modality == "AUDIO", let count = outer.audioCount { pending.note(count, pending.value(.modality)) }
            if modality == "IMAGE", let count = outer.imageCount { pending.note(count, pending.value(.modality)) }
        case .bedrockDetail:
            if modality == "1h" { pending.note(.cacheWrite1h, pending.value(.modality)) }
            if modality == "5m" { pending.note(.cacheWrite5m, pending.value(.modality)) }
        case .vertexStatistics:
            guard pending.has(.modality) else { return }
            usage.add(.prompt, pending.value(.modality))
            hasUsage = true
        case .iteration:
            // What it took to sum a conversation up is in no total, and neither is what another model was asked for advice.
            if modality == "compaction" { pending.add(&turn, to: ReportedUsage.compaction) }
            if modality == "advisor_message" {
                pending.add(&turn, to: ReportedUsage.advice)
                advisor = turnModel
            }
            isInTurn = false
        default: break
        }
    }

    // MARK: Texts

    /// Whether the event is a part of the answer by its type, as `content_block_delta` or `transcript.text.delta`.
    var isDelta: Bool { type.withBytes { $0 == "content_block_delta" || $0.count > 6 && $0.dropFirst($0.count - 6) == ".delta" } }

    mutating func clear(_ word: Word) {
        switch word {
        case .model: model.removeAll()
        case .type: type.removeAll()
        case .finishReason: finishReason.removeAll()
        case .modality: modality.removeAll()
        case .serviceTier: serviceTier.removeAll()
        case .speed: speed.removeAll()
        case .turnModel: turnModel.removeAll()
        }
    }

    mutating func append(_ bytes: ByteSlice, to word: Word) {
        switch word {
        case .model: model.append(bytes)
        case .type: type.append(bytes)
        case .finishReason: finishReason.append(bytes)
        case .modality: modality.append(bytes)
        case .serviceTier: serviceTier.append(bytes)
        case .speed: speed.append(bytes)
        case .turnModel: turnModel.append(bytes)
        }
    }
}

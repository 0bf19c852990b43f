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

    /// Takes a text that has ended for what `word` says. What is empty says nothing of an answer, and leaves what was said.
    mutating func keepText(as word: Word) {
        if text.isEmpty, word.isOfAnswer { return }
        switch word {
        case .model: UsageScan.copy(&text, to: &model)
        case .type: UsageScan.copy(&text, to: &type)
        case .finishReason: UsageScan.copy(&text, to: &finishReason)
        case .modality: UsageScan.copy(&text, to: &modality)
        case .serviceTier: UsageScan.copy(&text, to: &serviceTier)
        case .speed: UsageScan.copy(&text, to: &speed)
        case .turnModel: UsageScan.copy(&text, to: &turnModel)
        }
    }

    private static func copy<let capacity: Int>(_ text: inout ModelText, to other: inout InlineText<capacity>) { text.withBytesInPlace { other.set($0) } }
}

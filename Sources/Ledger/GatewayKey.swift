public import Bytes
import CLinux

/// A key of this gateway: `sk-sluice-`, 43 random letters and digits (256 bits), and 6 that check them.
///
///     sk-sluice-3kTVbEwcM1nGa0PzJ7xQyRsUoHdLf9Wi2XqAeY4tB8CdRleZ1
///     └ prefix ┘└───────────── 43 of base 62 ────────────┘└CRC-32
///
/// The prefix makes a leaked key easy to find; the check tells a mistyped key from a revoked one
/// without a look-up; letters and digits alone are selected by a double click.
public enum GatewayKey {
    public static let prefix: StaticString = "sk-sluice-"
    public static let byteCount = 59

    private static let randomCount = 43
    private static let checkCount = 6
    private static let alphabet: StaticString = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

    /// What a presented text is.
    public enum Form: Equatable {
        /// Does not start as our keys do: some provider's credential, or nothing.
        case foreign
        /// Starts as ours, but its check does not hold: cut short or mistyped.
        case mistyped
        /// A key this gateway, or another Sluice, may have made.
        case wellFormed
    }

    /// Makes a key from the kernel's random source.
    public static func generate() throws(RandomSourceError) -> String {
        var text = Array(ByteSlice(prefix))
        text.reserveCapacity(byteCount)
        var block = [UInt8](repeating: 0, count: 64)
        while text.count < prefix.utf8CodeUnitCount + randomCount {
            let result = linux_random(&block, block.count)
            if result != 0 { throw RandomSourceError(code: -result) }
            // 248 is the largest multiple of 62 in a byte: what lies above would favour some symbols.
            for byte in block where byte < 248 && text.count < prefix.utf8CodeUnitCount + randomCount {
                text.append(alphabet.utf8Start[Int(byte % 62)])
            }
        }
        var check = text.withByteSlice { crc32($0) }
        for _ in 0..<checkCount {
            text.append(alphabet.utf8Start[Int(check % 62)])
            check /= 62
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Tells what `text` is, from its bytes alone.
    public static func form(of text: ByteSlice) -> Form {
        guard text.hasPrefix(prefix) else { return .foreign }
        guard text.count == byteCount else { return .mistyped }
        var check = crc32(text.prefix(byteCount - checkCount))
        for index in (byteCount - checkCount)..<byteCount {
            if text[index] != alphabet.utf8Start[Int(check % 62)] { return .mistyped }
            check /= 62
        }
        return .wellFormed
    }

    /// CRC-32 (ISO 3309, as in PNG and gzip), bit by bit: 53 bytes, and not on every request.
    private static func crc32(_ bytes: ByteSlice) -> UInt32 {
        var remainder: UInt32 = .max
        for index in 0..<bytes.count {
            remainder ^= UInt32(bytes[index])
            for _ in 0..<8 { remainder = remainder & 1 == 1 ? remainder >> 1 ^ 0xEDB8_8320 : remainder >> 1 }
        }
        return ~remainder
    }
}

/// The kernel gave no random bytes.
public struct RandomSourceError: Error, Equatable, CustomStringConvertible {
    public let code: CInt
    public var description: String { "the system's random source failed (error \(code))" }
}

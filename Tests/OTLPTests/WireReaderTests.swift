import Bytes
import Testing
@testable import OTLP

@Suite("The protobuf reader")
struct WireReaderTests {
    private func fields(_ bytes: [UInt8]) throws(TelemetryError) -> [String] {
        try bytes.withByteSlice { (bytes) throws(TelemetryError) in
            var (reader, fields) = (WireReader(bytes), [String]())
            while let field = try reader.next() {
                switch field.value {
                case .varint(let number): fields.append("\(field.number)=\(number)")
                case .fixed64(let number): fields.append("\(field.number)=64:\(number)")
                case .fixed32(let number): fields.append("\(field.number)=32:\(number)")
                case .bytes(let bytes): fields.append("\(field.number)=\(String(bytes))")
                }
            }
            return fields
        }
    }

    private func fault(_ bytes: [UInt8]) -> TelemetryError? {
        do throws(TelemetryError) {
            _ = try fields(bytes)
            return nil
        } catch {
            return error
        }
    }

    @Test("each kind of field is read, at its largest")
    func kinds() throws {
        let message = Message().varint(1, 0).varint(2, .max).fixed64(3, .max).fixed32(4, .max).text(5, "héllo").text(6, "").varint(536_870_911, 1)
        #expect(try fields(message.bytes) == [
            "1=0", "2=18446744073709551615", "3=64:18446744073709551615", "4=32:4294967295", "5=héllo", "6=", "536870911=1",
        ])
        #expect(try fields([]) == [])
        // A number may be written longer than it needs to be.
        #expect(try fields([0x08, 0x81, 0x80, 0x00]) == ["1=1"])
    }

    @Test("what is no field is refused, with where and why", arguments: [
        ([0x08], 1, WireFault.cut), ([0x08, 0x80], 2, .cut), ([0x09, 1, 2, 3], 4, .cut), ([0x0D, 1], 2, .cut), ([0x0A, 5, 1], 1, .length),
        ([0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], 1, .length),
        ([0x08] + [UInt8](repeating: 0xFF, count: 10), 1, .number), ([0x08] + [UInt8](repeating: 0x80, count: 11), 1, .number),
        ([0x0B], 0, .group), ([0x0C], 0, .group), ([0x0E], 0, .kind), ([0x0F], 0, .kind), ([0x00, 0], 0, .field),
        ([0x80, 0x80, 0x80, 0x80, 0x10, 0], 0, .field),
    ] as [([UInt8], Int, WireFault)])
    func faults(bytes: [UInt8], place: Int, wanted: WireFault) {
        #expect(fault(bytes) == .wire(at: place, wanted))
    }

    @Test("a length of more than there is, however huge, leads nowhere")
    func lengths() {
        for shift in 0..<64 {
            let count = UInt64(1) << UInt64(shift)
            let bytes: [UInt8] = [0x0A] + Message.varint(count) + [0]
            if count <= 1 { continue }
            #expect(fault(bytes) == .wire(at: 1, .length), "\(count)")
        }
    }
}

import Bytes
import CNghttp2

/// What nghttp2 calls, as C wants it: each finds its session and calls the method of that meaning.
extension HTTP2Session {
    static var callbacks: cnghttp2_owner {
        cnghttp2_owner(
            begin_headers: { _, frame, owner in
                if let frame { called(owner).headersBegan(frame.pointee) }
                return 0
            },
            header: { _, _, name, nameCount, value, valueCount, _, owner in
                called(owner).fieldCame(slice(name, nameCount), slice(value, valueCount)) ? 0 : fatal
            },
            // Ignoring a field that may not be there would be to guess what the sender meant.
            invalid_header: { _, _, _, _, _, _, _, _ in NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue },
            frame: { _, frame, owner in
                guard let frame else { return fatal }
                return called(owner).frameCame(frame.pointee) ? 0 : fatal
            },
            data: { _, _, stream, bytes, count, owner in
                called(owner).dataCame(stream, slice(bytes, count))
                return 0
            },
            closed: { _, stream, code, owner in
                called(owner).streamClosed(stream, code)
                return 0
            },
            sent: { _, frame, owner in
                guard let frame else { return fatal }
                return called(owner).frameLeft(frame.pointee) ? 0 : fatal
            },
            send_data: { _, frame, header, count, _, owner in
                guard let frame, let header else { return fatal }
                // Nine bytes (RFC 9113 §4.1); there is no padding, since none is asked for.
                return called(owner).dataLeaves(frame.pointee, ByteSlice(header, count: 9), count)
            })
    }

    static var readBody: nghttp2_data_source_read_callback {
        { _, stream, _, most, flags, _, owner in
            guard let flags else { return Int(fatal) }
            return called(owner).dataWanted(stream, upTo: most, &flags.pointee) ?? Int(NGHTTP2_ERR_DEFERRED.rawValue)
        }
    }
}

// Functions of the file: a closure that names a member of a type is none that C can call.

private var fatal: Int32 { NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }

/// The session whose own pointer was handed to nghttp2; it outlives every call, since it is the one that calls nghttp2.
private func called(_ owner: UnsafeMutableRawPointer?) -> HTTP2Session {
    guard let owner else { preconditionFailure("nghttp2 hands back the owner it was made with") }
    return Unmanaged<HTTP2Session>.fromOpaque(owner).takeUnretainedValue()
}

private func slice(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> ByteSlice {
    bytes.map { ByteSlice($0, count: count) } ?? ByteSlice("")
}

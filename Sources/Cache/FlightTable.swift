import Synchronization

/// The flights of a process, found by key: who asks for what is being fetched follows, and who asks first leads.
///
/// A place holds one flight. A request whose place is taken by another's key goes alone; it is not counted as a fault.
///
/// No lock. A place is one word: the address of its flight below, the readers that are looking at it above. A reader enters itself there
/// before it follows the address, so that the flight cannot be let go meanwhile. When a flight leaves its place, the readers found there
/// are owed to it, and the last of them lets it go.
/// - Source: A. Williams, "C++ Concurrency in Action", 2nd ed., §7.2.4, "split reference counts"
public final class FlightTable: @unchecked Sendable {
    // Unchecked for the pointer, which never changes, to words that are atomic.

    /// What a request finds.
    public enum Entry {
        /// It is the first: it leads the flight it brought.
        case leads
        case follows(Flight)
        /// Its place is taken.
        case alone
    }

    private let places: UnsafeMutablePointer<Atomic<UInt64>>

    /// Addresses of this machine's user space end below.
    private static let addressBits: UInt64 = 48
    private static let reader: UInt64 = 1 << addressBits
    private static let address: UInt64 = reader - 1

    public init() {
        places = .allocate(capacity: FlightLimits.places)
        for index in 0..<FlightLimits.places { (places + index).initialize(to: Atomic(0)) }
    }

    deinit {
        for index in 0..<FlightLimits.places {
            let word = places[index].load(ordering: .acquiring)
            if word != 0 { FlightTable.unmanaged(word)?.release() }
        }
        places.deinitialize(count: FlightLimits.places)
        places.deallocate()
    }

    /// Enters `flight`, unless one with its key is there.
    public func enter(_ flight: Flight) -> Entry {
        let place = places + FlightTable.index(of: flight.key)
        while true {
            let word = place.pointee.load(ordering: .acquiring)
            if word == 0 {
                let own = Unmanaged.passRetained(flight)
                let address = UInt64(UInt(bitPattern: own.toOpaque()))
                precondition(address & ~FlightTable.address == 0, "an address fits into a place")
                if place.pointee.compareExchange(expected: 0, desired: address, ordering: .acquiringAndReleasing).exchanged { return .leads }
                own.release()
                continue
            }
            guard place.pointee.compareExchange(expected: word, desired: word &+ FlightTable.reader, ordering: .acquiring).exchanged else { continue }
            // The place counts this reader, so that the address is good until it has left.
            let found = FlightTable.unmanaged(word)?.takeUnretainedValue()
            leave(place, word & FlightTable.address)
            guard let found, found.key == flight.key else { return .alone }
            return .follows(found)
        }
    }

    /// Takes `flight`, which leads, out of its place: whoever asks from here on does not find it.
    public func remove(_ flight: Flight) {
        let place = places + FlightTable.index(of: flight.key)
        let own = UInt64(UInt(bitPattern: Unmanaged.passUnretained(flight).toOpaque()))
        var word = place.pointee.load(ordering: .acquiring)
        while word & FlightTable.address == own {
            let (exchanged, original) = place.pointee.compareExchange(expected: word, desired: 0, ordering: .acquiringAndReleasing)
            guard exchanged else {
                word = original
                continue
            }
            let readers = Int(word >> FlightTable.addressBits)
            if flight.owedReaders.add(readers, ordering: .acquiringAndReleasing).newValue == 0 { Unmanaged.passUnretained(flight).release() }
            return
        }
    }

    /// A reader goes: out of the place's count, or, where the flight has left its place, out of the flight's own.
    private func leave(_ place: UnsafeMutablePointer<Atomic<UInt64>>, _ address: UInt64) {
        var word = place.pointee.load(ordering: .acquiring)
        while word & FlightTable.address == address, word >= FlightTable.reader {
            let (exchanged, original) = place.pointee.compareExchange(expected: word, desired: word &- FlightTable.reader, ordering: .acquiringAndReleasing)
            if exchanged { return }
            word = original
        }
        guard let flight = FlightTable.unmanaged(address)?.takeUnretainedValue() else { return }
        if flight.owedReaders.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { Unmanaged.passUnretained(flight).release() }
    }

    private static func unmanaged(_ word: UInt64) -> Unmanaged<Flight>? {
        UnsafeRawPointer(bitPattern: UInt(word & address)).map { Unmanaged.fromOpaque($0) }
    }

    private static func index(of key: CacheKey) -> Int { Int(truncatingIfNeeded: key.high &+ key.low) & (FlightLimits.places - 1) }
}

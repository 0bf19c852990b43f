// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

/// Modules on the data plane. Exclusivity is proved by the debug and sanitizer builds;
/// in release its dynamic checks cost about 15 ns each on every access to a worker's state.
let hot = strict + [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

let package = Package(
    name: "sluice",
    targets: [
        // Modules import only from lines above their own; Tests/TidyTests proves it.
        .target(name: "CLinux"),
        .target(name: "Bytes", dependencies: ["CLinux"], swiftSettings: hot),
        .target(name: "Reactor", dependencies: ["Bytes", "CLinux"], swiftSettings: hot),

        .testTarget(name: "BytesTests", dependencies: ["Bytes"], swiftSettings: strict),
        .testTarget(name: "ReactorTests", dependencies: ["Reactor"], swiftSettings: strict),
    ]
)

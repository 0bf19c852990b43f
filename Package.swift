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
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // Modules import only from lines above their own; Tests/TidyTests proves it.
        .target(name: "CLinux"),
        .target(name: "CCares", linkerSettings: [.linkedLibrary("cares")]),
        .target(name: "COpenSSL", linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]),
        // Loaded when it is needed.
        .target(name: "CCurl"),
        .target(name: "CNghttp2", linkerSettings: [.linkedLibrary("nghttp2")]),
        .target(name: "CHyperscan", linkerSettings: [.linkedLibrary("hs")]),
        .target(name: "CZlib", linkerSettings: [.linkedLibrary("z")]),
        .target(name: "CPrices"),
        .target(name: "CZstd", linkerSettings: [.linkedLibrary("zstd")]),
        .target(name: "Bytes", dependencies: ["CLinux"], swiftSettings: hot),
        .target(name: "Reactor", dependencies: ["Bytes", "CCares", "CLinux"], swiftSettings: hot),
        .target(name: "TLS", dependencies: ["Bytes", "COpenSSL"], swiftSettings: hot),
        .target(name: "HTTP", dependencies: ["Bytes"], swiftSettings: hot),
        .target(name: "HTTP2", dependencies: ["Bytes", "CNghttp2", "HTTP"], swiftSettings: hot),
        .target(name: "JSON", dependencies: ["Bytes"], swiftSettings: hot),
        .target(name: "Compression", dependencies: ["Bytes", "CZlib"], swiftSettings: strict),
        .target(name: "OTLP", dependencies: ["Bytes", "JSON"], swiftSettings: strict),
        .target(name: "Templates", dependencies: ["Bytes", "JSON"], swiftSettings: hot),
        .target(name: "Prompts", dependencies: ["Bytes", "JSON", "Templates"], swiftSettings: hot),
        .target(name: "Cache", dependencies: ["Bytes", "CLinux", "JSON"], swiftSettings: hot),
        .target(name: "Patterns", dependencies: ["Bytes", "CHyperscan"], swiftSettings: hot),
        .target(name: "Guardrails", dependencies: ["Bytes", "JSON", "Patterns"], swiftSettings: hot),
        .target(name: "Health", dependencies: ["Bytes"], swiftSettings: hot),
        .target(name: "Policy", dependencies: ["Bytes", "Guardrails", "Health", "JSON", "Patterns"], swiftSettings: hot),
        .target(name: "Configuration", dependencies: ["Bytes", "JSON", "Policy", .product(name: "Yams", package: "Yams")], swiftSettings: strict),
        .target(name: "Providers", dependencies: ["Bytes", "JSON"], swiftSettings: hot),
        .target(name: "Ledger", dependencies: ["Bytes", "CLinux", "COpenSSL", "CPrices", "JSON", "Providers"], swiftSettings: hot),
        .target(name: "Books", dependencies: ["Bytes", "CLinux", "HTTP", "JSON", "Ledger", "Providers"], swiftSettings: hot),
        .target(name: "Analytics", dependencies: ["Books", "Bytes", "CZstd", "JSON", "Ledger", .product(name: "GRDB", package: "GRDB.swift")], swiftSettings: strict),
        .target(name: "Store", dependencies: ["Bytes", "COpenSSL", "JSON", "Ledger", .product(name: "GRDB", package: "GRDB.swift")], swiftSettings: strict),
        .target(
            name: "Console",
            dependencies: ["Analytics", "Books", "Bytes", "Compression", "JSON", "Ledger", "OTLP", "Policy", "Providers", "Store", "Templates"],
            swiftSettings: strict),
        .target(name: "Tokens", dependencies: ["Bytes", "CCurl", "COpenSSL", "JSON", "Reactor"], swiftSettings: strict),
        .target(name: "Webhooks", dependencies: ["Bytes", "CCurl", "Ledger", "Reactor"], swiftSettings: strict),
        .target(name: "Exporters", dependencies: ["Books", "Bytes", "CCurl", "Compression", "JSON", "Ledger", "Reactor", "Webhooks"], swiftSettings: strict),
        .target(
            name: "Gateway", dependencies: ["Books", "Bytes", "CLinux", "Cache", "Guardrails", "HTTP", "HTTP2", "Health", "JSON", "Ledger", "Patterns", "Policy", "Prompts", "Providers", "Reactor", "TLS", "Tokens", "Webhooks"],
            swiftSettings: hot),
        .target(name: "Office", dependencies: ["Bytes", "Gateway", "JSON", "Ledger", "Policy", "Prompts", "Reactor", "Store"], swiftSettings: strict),
        .target(name: "Supervisor", dependencies: ["CLinux", "Reactor"], swiftSettings: strict),
        .target(name: "Mock", dependencies: ["Bytes", "HTTP", "JSON", "Reactor"], swiftSettings: hot),
        .executableTarget(
            name: "sluice",
            dependencies: [
                "Analytics", "Books", "Bytes", "CLinux", "Configuration", "Console", "Exporters", "Gateway", "HTTP", "JSON", "Ledger", "Mock", "Office", "Policy", "Providers", "Reactor", "Store",
                "Supervisor", "TLS", "Webhooks",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict,
            // A crash names its build.
            linkerSettings: [.unsafeFlags(["-Xlinker", "--build-id=sha1"])]),

        .target(
            name: "BenchmarkBodies", dependencies: ["Bytes", "Cache", "Guardrails", "Health", "HTTP", "JSON", "Ledger", "Patterns", "Policy", "Providers"],
            path: "Benchmarks", exclude: ["BooksFiller", "StoreFiller", "Runner", "CAllocations"], swiftSettings: hot),
        .target(name: "CAllocations", path: "Benchmarks/CAllocations"),
        // Puts requests into a journal for perf/books.
        .executableTarget(
            name: "books-filler", dependencies: ["Analytics", "Books", "CLinux", "Ledger", "Reactor", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Benchmarks/BooksFiller", swiftSettings: strict),
        // Puts keys into a store for perf/keys.
        .executableTarget(
            name: "store-filler", dependencies: ["Bytes", "Store", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Benchmarks/StoreFiller", swiftSettings: strict),
        .executableTarget(name: "benchmarks", dependencies: ["BenchmarkBodies", "CAllocations"], path: "Benchmarks/Runner", swiftSettings: strict),

        .testTarget(name: "BytesTests", dependencies: ["Bytes"], swiftSettings: strict),
        .testTarget(name: "ReactorTests", dependencies: ["Bytes", "CLinux", "Reactor"], swiftSettings: strict),
        .testTarget(name: "TLSTests", dependencies: ["Bytes", "COpenSSL", "TLS"], swiftSettings: strict),
        .testTarget(name: "HTTPTests", dependencies: ["Bytes", "HTTP"], swiftSettings: strict),
        .testTarget(name: "HTTP2Tests", dependencies: ["Bytes", "CNghttp2", "HTTP", "HTTP2"], swiftSettings: strict),
        .testTarget(name: "JSONTests", dependencies: ["Bytes", "JSON"], swiftSettings: strict),
        .testTarget(name: "CompressionTests", dependencies: ["Bytes", "Compression"], swiftSettings: strict),
        .testTarget(name: "OTLPTests", dependencies: ["Bytes", "JSON", "OTLP"], swiftSettings: strict),
        .testTarget(name: "TemplatesTests", dependencies: ["Bytes", "JSON", "Templates"], swiftSettings: strict),
        .testTarget(name: "PromptsTests", dependencies: ["Bytes", "JSON", "Prompts"], swiftSettings: strict),
        .testTarget(name: "CacheTests", dependencies: ["Bytes", "Cache", "JSON"], swiftSettings: strict),
        .testTarget(name: "PatternsTests", dependencies: ["Bytes", "Patterns"], swiftSettings: strict),
        .testTarget(name: "GuardrailsTests", dependencies: ["Bytes", "Guardrails", "JSON", "Patterns", "Policy"], swiftSettings: strict),
        .testTarget(name: "PolicyTests", dependencies: ["Bytes", "JSON", "Policy"], swiftSettings: strict),
        .testTarget(name: "HealthTests", dependencies: ["Bytes", "Health", "Reactor"], swiftSettings: strict),
        .testTarget(name: "ConfigurationTests", dependencies: ["Bytes", "Configuration", "JSON", "Policy"], swiftSettings: strict),
        .testTarget(name: "ProvidersTests", dependencies: ["Bytes", "HTTP", "JSON", "Ledger", "Providers"], swiftSettings: strict),
        .testTarget(name: "MockTests", dependencies: ["Bytes", "JSON", "Mock", "Reactor"], swiftSettings: strict),
        .testTarget(
            name: "LedgerTests", dependencies: ["Bytes", "CLinux", "JSON", "Ledger", "Providers", .product(name: "Yams", package: "Yams")], swiftSettings: strict),
        // A process that LedgerTests starts to kill it.
        .executableTarget(name: "LedgerVictim", dependencies: ["CLinux", "Ledger"], path: "Tests/LedgerVictim", swiftSettings: strict),
        .testTarget(name: "BooksTests", dependencies: ["Books", "Bytes", "CLinux", "Ledger", "Providers"], swiftSettings: strict),
        .testTarget(
            name: "AnalyticsTests", dependencies: ["Analytics", "Books", "Bytes", "Ledger", .product(name: "GRDB", package: "GRDB.swift")], swiftSettings: strict),
        .testTarget(
            name: "StoreTests", dependencies: ["Bytes", "JSON", "Ledger", "Store", .product(name: "GRDB", package: "GRDB.swift")], exclude: ["Versions"],
            swiftSettings: strict),
        .testTarget(
            name: "ConsoleTests", dependencies: ["Analytics", "Books", "Bytes", "Configuration", "Console", "JSON", "Ledger", "OTLP", "Policy", "Store"],
            swiftSettings: strict),
        .testTarget(name: "TokensTests", dependencies: ["Bytes", "Reactor", "Tokens"], swiftSettings: strict),
        .testTarget(name: "WebhooksTests", dependencies: ["Bytes", "Ledger", "Reactor", "Webhooks"], swiftSettings: strict),
        .testTarget(name: "ExportersTests", dependencies: ["Books", "Bytes", "CLinux", "Compression", "Exporters", "JSON", "Ledger", "Reactor"], swiftSettings: strict),
        .testTarget(
            name: "GatewayTests",
            dependencies: ["Books", "Bytes", "CLinux", "COpenSSL", "Gateway", "Guardrails", "Ledger", "Patterns", "Policy", "Providers", "Reactor", "TLS", "Tokens", "Webhooks"],
            swiftSettings: strict),
        .testTarget(
            name: "OfficeTests", dependencies: ["Bytes", "Gateway", "JSON", "Ledger", "Office", "Policy", "Prompts", "Providers", "Reactor", "Store"], swiftSettings: strict),
        .testTarget(name: "SupervisorTests", dependencies: ["CLinux", "Reactor", "Supervisor"], swiftSettings: strict),
        .testTarget(name: "BenchmarksTests", dependencies: ["BenchmarkBodies"], swiftSettings: strict),
        .testTarget(name: "TidyTests", dependencies: ["Bytes", "Configuration", "Guardrails", "Policy", "Providers"], swiftSettings: strict),
    ]
)

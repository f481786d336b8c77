// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

/// Swift 6 mode is the default of these tools; on top of it, every warning is an error and every
/// unsafe expression is marked.
let settings: [SwiftSetting] = [
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// A module that several tools share.
func shared(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, path: "Sources/Shared/\(name)", swiftSettings: settings)
}

/// A thin C++17 shim over a system library: `extern "C"` functions, no C++ interop for its callers.
func shim(_ name: String, links library: String) -> Target {
  .target(
    name: name, path: "Sources/Shared/\(name)", linkerSettings: [.linkedLibrary(library)])
}

func system(_ name: String, pkgConfig: String, apt: String) -> Target {
  .systemLibrary(
    name: name, path: "Sources/Shared/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])])
}

func tool(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(
    name: name, dependencies: dependencies + ["Pipe", "Watch", "Metrics", "Command", argumentParser],
    path: "Sources/\(name)", swiftSettings: settings)
}

func tests(_ name: String, of dependencies: [Target.Dependency]) -> Target {
  .testTarget(
    name: name, dependencies: dependencies + ["TestSupport"], path: "Tests/\(name)",
    swiftSettings: settings)
}

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")

let package = Package(
  name: "watchutils",
  products: [
    .executable(name: "kwatch", targets: ["kwatch"]),
    .executable(name: "natswatch", targets: ["natswatch"]),
    .executable(name: "wfilter", targets: ["wfilter"]),
    .executable(name: "wfanout", targets: ["wfanout"]),
    .library(name: "CEL", targets: ["CEL"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
    .package(url: "https://github.com/apple/swift-nio-http2", exact: "1.46.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2"),
  ],
  targets: [
    tool("kwatch", ["CCurl", "YAML", subprocess]),
    tool("natswatch", ["CNATS", "JSON", "Filter"]),
    tool("wfilter", ["Filter", "JSON"]),
    tool(
      "wfanout",
      [
        "Filter", "JSON", "CEL", "YAML", "CZlib",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOTLS", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "NIOHTTP2", package: "swift-nio-http2"),
      ]),

    shared("CEL", ["CRE2"]),
    shared("JSON", ["CSimdjson"]),
    shared("Selectors", ["CEL"]),
    shared("Filter", ["CEL", "JSON", "Selectors"]),
    shared("YAML", ["CYAML"]),
    shared("Pipe"),
    shared("Watch", ["Pipe"]),
    shared("Metrics", ["Pipe"]),
    shared("Command", ["Pipe", argumentParser]),
    system("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
    system("CYAML", pkgConfig: "yaml-0.1", apt: "libyaml-dev"),
    system("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
    system("CNATS", pkgConfig: "libnats", apt: "libnats-dev"),
    shim("CSimdjson", links: "simdjson"),
    shim("CRE2", links: "re2"),

    .target(name: "TestSupport", path: "Tests/Support", swiftSettings: settings),
    tests("PipeTests", of: ["Pipe"]),
    tests("WatchTests", of: ["Watch", "Pipe"]),
    tests("MetricsTests", of: ["Metrics"]),
    tests("JSONTests", of: ["JSON"]),
    tests("CELTests", of: ["CEL"]),
    tests("SelectorsTests", of: ["Selectors", "CEL"]),
    tests("ConformanceTests", of: ["CEL", "Selectors"]),
    tests("FilterTests", of: ["Filter"]),
    tests("kwatchTests", of: ["kwatch", "Watch", "Pipe"]),
    tests("natswatchTests", of: ["natswatch", "JSON", "Pipe"]),
    tests("wfilterTests", of: ["wfilter"]),
    tests("wfanoutTests", of: ["wfanout"]),
    tests("EndToEnd", of: ["kwatch", "natswatch", "wfilter", "wfanout"]),
  ],
  cxxLanguageStandard: .cxx17
)

/// Coverage-guided fuzzing, only where it is asked for: see Fuzz/README.md.
func fuzz(
  _ name: String, _ folder: String, of dependencies: [Target.Dependency], exclude: [String] = []
) -> Target {
  .executableTarget(
    name: name, dependencies: dependencies, path: "Fuzz/\(folder)", exclude: exclude,
    swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])])
}

if Context.environment["FUZZ"] != nil {
  package.targets += [
    fuzz("fuzz-selectors", "Selectors", of: ["Selectors"]),
    fuzz("fuzz-watch-bytes", "WatchBytes", of: ["Watch", "Pipe"]),
    fuzz("fuzz-kubeconfig", "Kubeconfig", of: ["YAML", "Watch", "Pipe"]),
    fuzz("fuzz-nats-wire", "NATSWire", of: ["JSON"], exclude: ["nats.dict"]),
    fuzz("fuzz-libraries", "Libraries", of: ["CEL"]),
    fuzz("fuzz-cel-source", "CELSource", of: ["CEL"], exclude: ["cel.dict"]),
    fuzz("fuzz-cel-evaluation", "CELEvaluation", of: ["CEL"]),
    fuzz("fuzz-lines", "Lines", of: ["Filter", "JSON", "CEL", "CSimdjson"]),
    fuzz("fuzz-fanout", "Fanout", of: ["Watch", "CZlib"], exclude: ["fanout.dict"]),
  ]
}

/// Benchmarks of single modules, only where they are asked for: see Benchmarks/cel/run.sh.
if Context.environment["BENCHMARKS"] != nil {
  package.targets.append(
    .executableTarget(
      name: "celbench", dependencies: ["CEL"], path: "Benchmarks/cel/celbench", swiftSettings: settings))
}

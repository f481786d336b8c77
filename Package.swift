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

/// A thin C or C++17 shim: `extern "C"` functions, no C++ interop for its callers.
func shim(_ name: String, links library: String? = nil) -> Target {
  .target(
    name: name, path: "Sources/Shared/\(name)",
    linkerSettings: library.map { [.linkedLibrary($0)] } ?? [])
}

func system(_ name: String, pkgConfig: String, apt: String) -> Target {
  .systemLibrary(
    name: name, path: "Sources/Shared/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])])
}

/// A tool: its logic is a library, `Core/`; its executable, `Command/`, turns flags into a configuration.
func tool(
  _ name: String, core: String, _ dependencies: [Target.Dependency], exclude: [String] = []
) -> [Target] {
  let common: [Target.Dependency] = ["Encoding", "Events", "JSON", "Lines", "Metrics", "Process"]
  return [
    .target(
      name: core, dependencies: common + dependencies, path: "Sources/\(name)/Core", exclude: exclude,
      swiftSettings: settings),
    .executableTarget(
      name: name, dependencies: [.byName(name: core), "Command", argumentParser] + common + dependencies,
      path: "Sources/\(name)/Command", swiftSettings: settings),
  ]
}

func tests(_ name: String, of dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .testTarget(
    name: name, dependencies: dependencies + ["TestSupport"], path: "Tests/\(name)", exclude: exclude,
    swiftSettings: settings)
}

/// `WATCHUTILS_TLS=no` leaves TLS and HTTP/2 out of wfanout, and BoringSSL out of the build: `make demo` does.
let hasTLS = Context.environment["WATCHUTILS_TLS"] != "no"

let argumentParser: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser", condition: .when(traits: ["Tools"]))
func nio(_ product: String, of package: String = "swift-nio") -> Target.Dependency {
  .product(name: product, package: package, condition: .when(traits: ["Tools"]))
}
let server =
  ["NIOCore", "NIOPosix", "NIOHTTP1"].map { nio($0) }
  + (hasTLS
    ? [nio("NIOTLS"), nio("NIOSSL", of: "swift-nio-ssl"), nio("NIOHTTP2", of: "swift-nio-http2")] : [])

let package = Package(
  name: "watchutils",
  products: [
    .executable(name: "kwatch", targets: ["kwatch"]),
    .executable(name: "natswatch", targets: ["natswatch"]),
    .executable(name: "wfilter", targets: ["wfilter"]),
    .executable(name: "wfanout", targets: ["wfanout"]),
    .library(name: "CEL", targets: ["CEL"]),
  ],
  // A package that only takes the library asks for no traits, and gets no dependency: see docs/CEL.md.
  traits: [
    .trait(name: "Tools", description: "The four tools, and the packages that they need"),
    .default(enabledTraits: ["Tools"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
  ],
  targets: [
    // What speaks to the system: files, processes, other libraries.
    shared("Process", ["CProcess"]),
    shim("CProcess"),
    shared("Lines", ["Process"]),
    shared("Metrics", ["Process"]),
    shared("YAML", ["CYAML", "Encoding"]),
    shared("Command", ["Events", "Lines", "Process", argumentParser]),
    system("COpenSSL", pkgConfig: "libcrypto", apt: "libssl-dev"),
    system("CTLS", pkgConfig: "libssl", apt: "libssl-dev"),
    system("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
    system("CYAML", pkgConfig: "yaml-0.1", apt: "libyaml-dev"),
    system("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
    system("CNATS", pkgConfig: "libnats", apt: "libnats-dev"),

    // What reads and writes text: pure, bytes in and values out.
    shared("Encoding"),
    shared("Digest", ["COpenSSL"]),
    shared("JSON", ["CJSON"]),
    shared("Names"),
    shared("CEL", ["CRE2", "Names"]),
    shim("CJSON", links: "simdjson"),
    shim("CRE2", links: "re2"),

    // What knows events.
    shared("Events", ["Encoding", "JSON", "Lines", "Process"]),
    shared("Selectors", ["Names"]),
    shared("Filter", ["CEL", "Events", "JSON", "Selectors"]),

    .target(name: "TestSupport", path: "Tests/Support", swiftSettings: settings),
    tests("CommandTests", of: ["Command", "kwatch", "natswatch", "wfilter"]),
    tests("ProcessTests", of: ["Process"]),
    tests("LinesTests", of: ["Lines", "Process"]),
    tests("EncodingTests", of: ["Digest", "Encoding"]),
    tests("EventsTests", of: ["Encoding", "Events", "JSON", "Lines", "Process"]),
    tests("MetricsTests", of: ["Metrics", "Process"]),
    tests("YAMLTests", of: ["YAML"]),
    tests("JSONTests", of: ["JSON", "CJSON"]),
    tests("CELTests", of: ["CEL"]),
    tests("SelectorsTests", of: ["Selectors"]),
    tests("ConformanceTests", of: ["CEL", "Filter", "JSON", "Selectors"]),
    tests("FilterTests", of: ["Filter", "CEL", "JSON"]),
    tests("KwatchTests", of: ["KwatchCore", "kwatch", "YAML", "CCurl"]),
    tests("NatswatchTests", of: ["NatswatchCore", "natswatch", "Filter", "CNATS"]),
    tests("WfilterTests", of: ["WfilterCore", "wfilter", "Filter", "CEL"]),
    tests(
      "WfanoutTests",
      of: ["WfanoutCore", "wfanout", "Filter", "CEL", "YAML"] + server + [
        .product(name: "NIOEmbedded", package: "swift-nio", condition: .when(traits: ["Tools"]))
      ],
      exclude: hasTLS ? [] : ["HTTP2RequestTests.swift", "TLSTests.swift", "WindowUpdateBudgetTests.swift"]),
    tests("EndToEnd", of: ["kwatch", "natswatch", "wfilter", "wfanout"]),
  ],
  cxxLanguageStandard: .cxx17
)

if hasTLS {
  package.dependencies += [
    .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
    .package(url: "https://github.com/apple/swift-nio-http2", exact: "1.46.0"),
  ]
}

package.targets += tool(
  "kwatch", core: "KwatchCore", ["CCurl", "COpenSSL", "CTLS", "Digest", "Selectors", "YAML"])
package.targets += tool("natswatch", core: "NatswatchCore", ["CNATS", "Filter"])
package.targets += tool("wfilter", core: "WfilterCore", ["Filter"])
package.targets += tool(
  "wfanout", core: "WfanoutCore", ["Filter", "CEL", "YAML", "CZlib", "CCurl", "Digest"] + server,
  exclude: hasTLS ? ["WithoutTLS"] : ["TLS", "HTTP2"])

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
    fuzz("fuzz-watch-bytes", "WatchBytes", of: ["KwatchCore"]),
    fuzz("fuzz-kubeconfig", "Kubeconfig", of: ["KwatchCore", "YAML"]),
    fuzz("fuzz-libraries", "Libraries", of: ["CEL"]),
    fuzz("fuzz-cel-source", "CELSource", of: ["CEL"], exclude: ["cel.dict"]),
    fuzz("fuzz-cel-evaluation", "CELEvaluation", of: ["CEL"]),
    fuzz("cel-cost-search", "Cost", of: ["CEL", "CProcess", "Filter", "JSON"]),
    fuzz("fuzz-lines", "Lines", of: ["Filter", "JSON", "CEL", "CJSON"]),
    fuzz("fuzz-fanout", "Fanout", of: ["WfanoutCore"] + server, exclude: ["fanout.dict"]),
  ]
}

/// Benchmarks of single modules, only where they are asked for: see Benchmarks/cel/run.sh.
if Context.environment["BENCHMARKS"] != nil {
  package.targets.append(
    .executableTarget(
      name: "celbench", dependencies: ["CEL"], path: "Benchmarks/cel/celbench", swiftSettings: settings))
}

/// `WATCHUTILS_ONLY=kwatch,json` leaves the targets whose names begin so, their tests, and what they need:
/// a build of one tool, or the tests of one library, waits for no other tool's dependencies.
if let only = Context.environment["WATCHUTILS_ONLY"]?.lowercased().split(separator: ",") {
  let byName = Dictionary(uniqueKeysWithValues: package.targets.map { ($0.name, $0) })
  var kept: Set<String> = []
  var waiting = package.targets.map(\.name).filter { name in only.contains { name.lowercased().hasPrefix($0) }
  }
  while let name = waiting.popLast() {
    guard let target = byName[name], kept.insert(name).inserted else { continue }
    waiting += target.dependencies.compactMap { dependency in
      switch dependency {
      case .byNameItem(let name, _), .targetItem(let name, _): name
      default: nil
      }
    }
  }
  package.targets.removeAll { !kept.contains($0.name) }
  package.products.removeAll { !kept.contains($0.name) }
  if !kept.contains("WfanoutCore") { package.dependencies.removeAll { $0.isFor("swift-nio") } }
}

extension Package.Dependency {
  func isFor(_ prefix: String) -> Bool {
    if case .sourceControl(_, let location, _) = kind {
      return location.split(separator: "/").last?.hasPrefix(prefix) ?? false
    }
    return false
  }
}

// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

// libFuzzer targets, a package of their own so that the product's build knows nothing of them: see run.sh.
let fuzzer: [SwiftSetting] = [.unsafeFlags(["-sanitize=fuzzer"])]

func target(_ name: String, _ products: String...) -> Target {
  .executableTarget(
    name: name, dependencies: ["CFuzzer"] + products.map { .product(name: $0, package: "watchutils") },
    swiftSettings: fuzzer, linkerSettings: [.unsafeFlags(["-sanitize=fuzzer"])])
}

let package = Package(
  name: "fuzz",
  dependencies: [.package(name: "watchutils", path: "..")],
  targets: [
    .target(name: "CFuzzer"),
    target("CELSourceFuzz", "CEL"),
    target("CELEvaluationFuzz", "CEL"),
  ]
)

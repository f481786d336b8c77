// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0

import PackageDescription

// A package of its own: the product links none of it, and building it builds nothing but CEL.
let package = Package(
  name: "celbench",
  dependencies: [.package(name: "watchutils", path: "../..")],
  targets: [
    .executableTarget(name: "celbench", dependencies: [.product(name: "CEL", package: "watchutils")])
  ]
)

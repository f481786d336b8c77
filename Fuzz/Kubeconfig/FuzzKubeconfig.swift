// SPDX-License-Identifier: Apache-2.0
//
// libFuzzer's entry for kubeconfigs and credentials. How to run it: Fuzz/README.md.
import Encoding

@testable import KwatchCore

/// Parses the input, merges it with itself, and reads the address of each cluster; takes it for what an exec plugin
/// printed, and for a time.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzKubeconfig(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  _ = try? ExecCredential(input, apiVersion: "", from: "plugin")
  _ = Timestamp(rfc3339: String(decoding: input, as: UTF8.self))
  guard var config = try? KubeconfigParser(path: "/fuzz/config").parse(input) else { return 0 }
  let before = config
  config.merge(before)
  precondition(config == before)
  for cluster in config.clusters.values { _ = try? ServerAddress(cluster.server) }
  return 0
}

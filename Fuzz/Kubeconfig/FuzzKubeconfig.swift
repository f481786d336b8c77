// SPDX-License-Identifier: Apache-2.0
//
// libFuzzer's entry for kubeconfigs. How to run it: Fuzz/README.md. kwatch is a program and cannot be imported: its
// sources are linked in.

/// Parses the input, merges it with itself, and reads the address of each cluster.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzKubeconfig(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  guard var config = try? KubeconfigParser(path: "/fuzz/config").parse(input) else { return 0 }
  let before = config
  config.merge(before)
  precondition(config == before)
  for cluster in config.clusters.values { _ = try? ServerAddress(cluster.server) }
  return 0
}

// SPDX-License-Identifier: Apache-2.0

/// The names in a kubeconfig, for a shell's completion.
package enum KubeconfigContexts {
  /// The contexts of the kubeconfig that a run would use, sorted; none when it cannot be read.
  ///
  /// `explicit`: the value of `--kubeconfig`.
  package static func names(explicit: String?) -> [String] {
    do throws(ConfigError) {
      return try KubeconfigLoader.system().load(explicit: explicit).contexts.keys.sorted()
    } catch {
      return []
    }
  }
}

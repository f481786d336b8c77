// SPDX-License-Identifier: Apache-2.0
import Watch

/// All that the command line says, as values.
struct WatchConfiguration: Sendable {
  var resources: [ResourceName] = []
  /// Empty: each context's own.
  var namespaces: [String] = []
  var isAllNamespaces = false
  var labelSelector = ""
  var fieldSelector = ""
  var contexts: [String] = []
  var kubeconfig: String?
  /// What is put in front of every path, behind the server's own.
  var pathPrefix = ""
  /// Empty: the kubeconfig's.
  var impersonatedUser = ""
  var proxyURL = ""
  var scope = ScopeSettings()
  var output = OutputOptions()
  var listsResources = false
  var usageInterval: Duration?
  var stateFile: String?
  var status = StatusSink.Destination.nowhere
  var timeout: Duration?
  var metricsAddress: String?
}

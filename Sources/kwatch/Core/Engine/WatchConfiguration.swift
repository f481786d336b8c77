// SPDX-License-Identifier: Apache-2.0
package import Events

/// Everything that the command line sets, as values.
package struct WatchConfiguration: Sendable {
  package var resources: [ResourceName] = []
  /// Empty: each context's own.
  package var namespaces: [String] = []
  package var isAllNamespaces = false
  package var labelSelector = ""
  package var fieldSelector = ""
  package var contexts: [String] = []
  package var kubeconfig: String?
  /// Added before every path, after the server's own prefix.
  package var pathPrefix = ""
  package var overrides = KubeconfigLoader.Overrides()
  package var proxyURL = ""
  package var scope = ScopeSettings()
  package var output = OutputOptions()
  package var listsResources = false
  package var printsSchema = false
  package var usageInterval: Duration?
  package var stateFile: String?
  package var status = StatusSink.Destination.nowhere
  package var timeout: Duration?
  package var metricsAddress: String?
  package init() {}
}

// SPDX-License-Identifier: Apache-2.0
import Lines
import Process

extension KubeconfigLoader {
  /// This process's environment and this machine's files.
  static var system: KubeconfigLoader { KubeconfigLoader(environment: ProcessEnvironment.value, read: file) }

  /// A kubeconfig, a token: small.
  ///
  /// - Returns: nil if there is no such file.
  /// - Throws: `ConfigError` with the system's message.
  static func file(_ path: String) throws(ConfigError) -> [UInt8]? {
    do { return try WholeFile.read(path, limit: KubeconfigParser.sizeLimit) } catch {
      if error.isMissing { return nil }
      throw ConfigError("read '\(path)': \(error)")
    }
  }
}

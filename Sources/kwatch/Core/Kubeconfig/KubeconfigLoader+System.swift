// SPDX-License-Identifier: Apache-2.0
import Lines
import Process

extension KubeconfigLoader {
  /// This process's environment and this machine's files.
  ///
  /// `isEnding`: whether to give up the wait for a kubeconfig that is a pipe: `--kubeconfig <(COMMAND)`.
  static func system(
    warn: @escaping (String) -> Void = { _ in }, isEnding: @escaping () -> Bool = { false }
  ) -> KubeconfigLoader {
    var loader = KubeconfigLoader(environment: ProcessEnvironment.value) { path throws(ConfigError) in
      try file(path, warn: warn, isEnding: isEnding)
    }
    loader.warn = warn
    return loader
  }

  /// A token or a certificate, which is read again for each request.
  ///
  /// - Returns: nil if there is no such file.
  /// - Throws: `ConfigError` with the system's message, or for a pipe.
  static func credential(_ path: String, as what: String) throws(ConfigError) -> [UInt8]? {
    guard !WholeFile.isPipe(path) else {
      throw ConfigError("the \(what) '\(path)' is a pipe, but it is read again for each request: use a file")
    }
    return try file(path)
  }

  private static func file(
    _ path: String, warn: (String) -> Void = { _ in }, isEnding: () -> Bool = { false }
  ) throws(ConfigError) -> [UInt8]? {
    do {
      return try WholeFile.read(path, limit: KubeconfigParser.sizeLimit, warn: warn, isEnding: isEnding)
    } catch {
      if error.isMissing { return nil }
      throw ConfigError("read '\(path)': \(error)")
    }
  }
}

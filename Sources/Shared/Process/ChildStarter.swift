// SPDX-License-Identifier: Apache-2.0
internal import CProcess
internal import Glibc

/// Passes a command to the C code that starts it.
enum ChildStarter {
  /// Starts a command and waits until it runs.
  ///
  /// - Returns: The process and its pidfd.
  /// - Throws: ``ChildProcessError`` with the reason why fork(2) or execve(2) failed.
  static func start(
    _ configuration: ChildProcess.Configuration, mark: String?, path: String, streams: ChildStreams.Ends
  ) throws(ChildProcessError) -> (identifier: Int32, descriptor: Int32) {
    var descriptor: Int32 = -1
    var failure: Int32 = 0
    let identifier = unsafe withCStrings(configuration.command) { arguments in
      unsafe withCStrings(environment(configuration, mark)) { environment in
        unsafe path.withCString { path in
          var start = unsafe cprocess_start(
            path: path, arguments: arguments, environment: environment, input: streams.input,
            output: streams.output, errors: streams.errors, leads_group: configuration.leadsGroup ? 1 : 0,
            guard: configuration.leadsGroup ? ChildGuard.shared.pipe : -1,
            descriptor_limit: DescriptorLimit.original)
          let identifier = unsafe cprocess_start(&start, &descriptor)
          failure = errno
          return identifier
        }
      }
    }
    guard identifier > 0 else {
      throw ChildProcessError(command: configuration.command.first ?? "", errno: failure)
    }
    return (identifier, descriptor)
  }

  /// Replaces the mark of a tool whose command we are ourselves.
  private static func environment(_ configuration: ChildProcess.Configuration, _ mark: String?) -> [String] {
    let entries = configuration.environment ?? ProcessEnvironment.all
    return (mark.map { [$0] } ?? []) + entries.filter { !$0.hasPrefix("\(ChildGuard.variable)=") }
  }
}

/// Calls `body` with strings as a C array that ends with a null pointer.
private func withCStrings<T>(
  _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> T
) -> T {
  var pointers = unsafe strings.map { unsafe strdup($0) }
  unsafe pointers.append(nil)
  defer { unsafe pointers.forEach { unsafe free($0) } }
  return unsafe pointers.withUnsafeBufferPointer { buffer in
    guard let base = buffer.baseAddress else { preconditionFailure("an array with an element has a base") }
    return unsafe body(base)
  }
}

// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Runs the recursive stages of compilation with enough stack for the deepest expression that the limits
/// allow.
///
/// Compilation needs up to 6 KB of stack for each level of nesting (12 KB in a debug build), and 500 levels
/// are allowed. Server threads often have only 512 KB of stack. So an expression that may nest deeply is
/// compiled on a new thread, which costs about 30 µs. Evaluation needs 0.25 KB for each level, so any thread
/// will do.
enum DeepStack {
  /// This many levels fit on any stack.
  private static let shallow = 40
  private static let size = 16 << 20

  /// Whether a source may nest deeply. Each level needs at least one operator, bracket or dot, or a word such
  /// as `in`.
  static func isNeeded(for source: String) -> Bool {
    guard source.utf8.count <= 200 else { return true }
    var count = 0
    for byte in source.utf8 where !byte.isIdentifierPart && byte > 0x20 && byte != UInt8(ascii: ",") {
      count += 1
      if count > shallow { return true }
    }
    return false
  }

  private final class Job<Success, Failure: Error>: @unchecked Sendable {
    // Unchecked: the starting thread uses it only before the new thread runs and after it has ended.
    let body: () -> Result<Success, Failure>
    var result: Result<Success, Failure>?

    init(_ body: @escaping () -> Result<Success, Failure>) { self.body = body }

    func run() { result = body() }
  }

  private class Start {
    let run: () -> Void
    init(_ run: @escaping () -> Void) { self.run = run }
  }

  /// Runs a stage of compilation on a stack that is large enough for the source.
  static func run<Success>(
    for source: String, _ body: () throws(CompileError) -> Success
  ) throws(CompileError) -> Success {
    guard isNeeded(for: source) else { return try body() }
    let result = onOwnThread { () -> Result<Success, CompileError> in
      do throws(CompileError) { return .success(try body()) } catch { return .failure(error) }
    }
    guard let result else {
      throw CompileError(.limit, "a thread for compiling cannot be started", in: source, at: 0)
    }
    return try result.get()
  }

  /// Runs `body` on a new thread; nil if no thread could be created.
  private static func onOwnThread<Success, Failure: Error>(
    _ body: () -> Result<Success, Failure>
  ) -> Result<Success, Failure>? {
    withoutActuallyEscaping(body) { body in
      let job = Job(body)
      var attributes = pthread_attr_t()
      guard unsafe pthread_attr_init(&attributes) == 0 else { return nil }
      defer { unsafe pthread_attr_destroy(&attributes) }
      guard unsafe pthread_attr_setstacksize(&attributes, size) == 0 else { return nil }
      var thread = pthread_t()
      let start = unsafe Unmanaged.passRetained(Start(job.run)).toOpaque()
      let status = unsafe pthread_create(
        &thread, &attributes,
        { argument in
          guard let argument = unsafe argument else { return nil }
          unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().run()
          return nil
        }, start)
      guard status == 0 else {
        unsafe Unmanaged<Start>.fromOpaque(start).release()
        return nil
      }
      pthread_join(thread, nil)
      return job.result
    }
  }
}

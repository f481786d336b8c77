// SPDX-License-Identifier: Apache-2.0
import Command
import KwatchCore
import Process

extension KwatchCommand {
  /// Resources, names of objects, namespaces and contexts, as the server and the kubeconfig have them.
  static func completions(for request: CompletionRequest) -> Completion {
    switch request.place {
    case .operand: operand(request)
    case .value(of: "--context", _):
      request.matching(
        KubeconfigContexts.names(explicit: request.flags["--kubeconfig"]?.last).map { Completion.Word($0) },
        separator: ",")
    case .value(of: "--namespace", _):
      request.matching(names(of: "namespaces", place(request)), separator: ",")
    case .value: .nothing
    }
  }

  private static func operand(_ request: CompletionRequest) -> Completion {
    guard let slash = request.word.firstIndex(of: "/") else {
      return request.matching(resources(place(request)), separator: ",")
    }
    let resource = String(request.word[..<slash])
    var scope = place(request)
    for flag in ["--namespace"] { for value in request.flags[flag] ?? [] { scope += [flag, value] } }
    return request.matching(
      names(of: resource, scope).map { Completion.Word(resource + "/" + $0.text) })
  }

  /// The flags of the command line that select the cluster and the user.
  private static func place(_ request: CompletionRequest) -> [String] {
    [
      "--kubeconfig", "--context", "--server", "--token-file", "--as", "--as-group", "--proxy-url",
      "--path-prefix",
    ].flatMap { flag in
      (request.flags[flag] ?? []).flatMap { [flag, $0] }
    }
  }

  private static func resources(_ place: [String]) -> [Completion.Word] {
    let key = ([ProcessEnvironment.value("KUBECONFIG") ?? ""] + place).joined(separator: "\n")
    return CompletionSource.cachedLines(of: ["--list-resources"] + place, key: key).compactMap { line in
      // {"resource":"pods","group":"","version":"v1",…}
      let parts = line.split(separator: "\"", omittingEmptySubsequences: false)
      guard parts.count > 7, parts[1] == "resource", parts[5] == "group" else { return nil }
      return Completion.Word(String(parts[3]), parts[7].isEmpty ? "core" : String(parts[7]))
    }
  }

  private static func names(of resource: String, _ place: [String]) -> [Completion.Word] {
    CompletionSource.lines(of: [resource, "-o", "name", "--until-now"] + place).map { line in
      Completion.Word(String(line.split(separator: "/").last ?? ""))
    }
  }
}

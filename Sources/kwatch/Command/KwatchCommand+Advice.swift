// SPDX-License-Identifier: Apache-2.0
import Command

extension KwatchCommand {
  /// Flags that users of kubectl know.
  static func advice(on flag: String, value: String?) -> String? {
    if let value {
      if flag == "--watch" { return value == "false" ? "write --until-now" : "write --watch alone" }
      let isTemplate = ["jsonpath", "custom-columns", "go-template", "template"].contains {
        value.hasPrefix($0)
      }
      return flag == "-o" && isTemplate
        ? "print single values with wfilter: kwatch … | wfilter --emit metadata.name true" : nil
    }
    return switch flag {
    case "-f", "--filename": "name a resource, such as pods or pods/NAME; kwatch reads no files"
    case "--show-labels", "-L", "--label-columns":
      "labels are in each line of -o json: kwatch … | wfilter --emit metadata.labels true"
    case "--sort-by": "lines are printed in the order of the changes; -o table sorts by name"
    case "--no-headers": "-o json and -o name have no header"
    case "--since", "--since-time", "--resource-version":
      "--state FILE continues after the last run, --skip-initial prints changes only"
    case "--token": "give a file instead, --token-file FILE: the command line is visible to other users"
    case "--user", "--cluster", "--username", "--password", "--insecure-skip-tls-verify",
      "--certificate-authority",
      "--client-certificate", "--client-key":
      "it comes from the kubeconfig; --context chooses a cluster and its user"
    case "--request-timeout": "--timeout ends the run; kwatch has limits of its own for requests"
    case "--follow", "--tail": "kwatch always follows objects; for logs there is kubectl logs"
    case "--for": "filter with wfilter: kwatch events | wfilter 'involvedObject.name == \"NAME\"'"
    case "--wide": "write -o wide"
    case "--once": "write --until-now"
    case "--all": "write -A for all namespaces"
    case "--chunk-size", "--limit": "not needed: kwatch reads lists page by page"
    case "--output-watch-events": "not needed: every line has the type of its event"
    case "-v", "--v": "write --verbose"
    case "-q": "write --quiet"
    case "-V": "write --version"
    case "-k", "--insecure", "--cacert", "--ca", "--cert", "--key":
      "certificates and insecure-skip-tls-verify come from the kubeconfig; --context chooses a cluster"
    case "--proxy": "write --proxy-url URL"
    case "--ignore-not-found":
      "a resource that does not exist is an error, status 66; an object may appear later"
    case "--dry-run": "kwatch changes nothing"
    case "--host", "--url", "--apiserver": "write --server URL"
    case "--filter", "--query", "--jq", "--grep": "filter with wfilter: kwatch pods | wfilter EXPRESSION"
    default: nil
    }
  }

  /// The equivalent of a command of kubectl; nil for other operands. Most of these words could be a resource
  /// when they stand alone.
  static func commandOfKubectl(_ operands: [String]) -> String? {
    guard let command = operands.first else { return nil }
    let rest = operands.dropFirst().joined(separator: " ")
    if let address = operands.first(where: { $0.contains("://") }) {
      return "'\(address)' is an address: write kwatch RESOURCE --server URL"
    }
    switch command {
    case "help": return "kwatch has no command 'help': write 'kwatch --help'"
    case "version" where rest.isEmpty: return "kwatch has no command 'version': write 'kwatch --version'"
    case "api-resources": return "kwatch has no command '\(command)': write 'kwatch --list-resources'"
    case _ where rest.isEmpty: return nil
    case "get", "watch", "list", "describe":
      return "kwatch has no command '\(command)': write 'kwatch \(rest)'"
    case "logs": return "kwatch does not print logs: use 'kubectl logs \(rest)'"
    case "wait": return "kwatch has no command 'wait': write 'kwatch \(rest) | wfilter -m1 CONDITION'"
    case "explain": return "kwatch has no command 'explain': write 'kwatch \(rest) --schema'"
    case "top": return "kwatch has no command 'top': write 'kwatch \(rest) --usage 10s'"
    case "completion":
      return "kwatch has no command 'completion': write 'kwatch --generate-completion-script \(rest)'"
    case "apply", "create", "delete", "edit", "exec", "patch", "rollout", "config", "label", "annotate",
      "drain",
      "cordon", "uncordon", "scale", "port-forward", "cp", "run", "expose", "attach", "debug", "auth",
      "proxy":
      return "kwatch only watches: use 'kubectl \(CommandLine.arguments.dropFirst().joined(separator: " "))'"
    default: return nil
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
import CEL
import Lines
package import Process
import YAML

/// The file of `--config`: YAML (or JSON), a mapping of ``Setting`` names to their values.
package struct ConfigurationFile {
  package struct ReadError: ToolError {
    package var description: String
    package var status: ExitStatus { .badConfig }
  }

  package let path: String

  package init(path: String) { self.path = path }

  /// Applies the settings of the file to a configuration.
  package func apply(to configuration: inout Configuration, _ diagnostics: Diagnostics) throws(ReadError) {
    let text: [UInt8]
    do throws(FileError) {
      text = try WholeFile.read(path, warn: diagnostics.warning)
    } catch {
      throw ReadError(description: "read configuration '\(path)': \(error)")
    }
    try apply(text, to: &configuration)
  }

  package func apply(_ text: [UInt8], to configuration: inout Configuration) throws(ReadError) {
    let root: YAMLNode?
    /// The fault after the first document.
    var further: String?
    do throws(YAMLNode.SyntaxError) {
      let documents = try YAMLNode.parseAll(text).filter { !$0.node.isNull }
      root = documents.first?.node
      if documents.count > 1 {
        further = "line \(documents[1].line): a second document begins here, but all settings must be in one"
      }
    } catch {
      // The first of JSON lines is a document, whose own fault is more helpful.
      root = try? YAMLNode.parse(text)
      further = "not YAML: \(error)"
    }
    if let root { try apply(root, to: &configuration) }
    if let further { throw fault(further) }
  }

  private func apply(_ root: YAMLNode, to configuration: inout Configuration) throws(ReadError) {
    guard case .mapping(let members) = root else { throw fault("it is not a mapping of keys to values") }
    var lines: [String: Int] = [:]
    for (key, value, line) in members {
      let name = key.string ?? "?"
      if let earlier = lines.updateValue(line, forKey: name) {
        throw fault("line \(line): '\(name)' is also in line \(earlier)")
      }
      guard let setting = Setting.all.first(where: { $0.name == name }) else {
        let nearest = Suggestion.nearest(to: name, among: Setting.all.map(\.name))
        throw fault("line \(line): unknown key '\(name)'" + (nearest.map { "; did you mean '\($0)'?" } ?? ""))
      }
      do throws(Setting.ValueError) {
        try setting.set(&configuration, value)
        configuration.places[name] = .line(line, of: path)
      } catch {
        let text = (error.text ?? value.string).map { " '\($0)'" } ?? ""
        throw fault("line \(line): \(name)\(text): expected \(error.wanted)")
      }
    }
  }

  private func fault(_ message: String) -> ReadError {
    ReadError(description: "configuration '\(path)': \(message)")
  }
}

// SPDX-License-Identifier: Apache-2.0

package import Filter
import JSON
import Lines
import Process

/// `--schema FILE`: an OpenAPI v3 document of a resource.
package enum SchemaFile {
  /// Documents of large API groups have a few megabytes.
  private static let limit = 64 << 20

  /// Reads a file.
  ///
  /// - Throws: a ``UsageError``, or ``UnreadableExpressionError`` where the file cannot be read.
  /// - Returns: the types of the document.
  package static func read(_ path: String) throws -> any ObjectSchema {
    let bytes: [UInt8]
    do { bytes = try WholeFile.read(path, limit: limit) } catch {
      throw UnreadableExpressionError(description: "--schema: open \(path): \(error.description)")
    }
    do { return try OpenAPISchema(JSONValue(parsing: bytes)) } catch let error as JSONError {
      throw UsageError(
        description: "--schema \(path): not a JSON document: \(error); 'kwatch RESOURCE --schema' prints one")
    } catch {
      throw UsageError(description: "--schema \(path): \(error)")
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
//
// What wfanout reads from strangers: frames, requests, messages; and the lines it wraps for them. The sources under test are
// linked into this target, since a target cannot depend on the pure half of an executable.
@testable import WfanoutCore

/// libFuzzer's entry; how to run it: Fuzz/README.md. The first byte says which part gets the rest.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFanout(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  guard let first = bytes.first else { return 0 }
  let rest = Array(bytes.dropFirst())
  switch first % 6 {
  case 0: checkFrames(rest, inflater: nil)
  case 4: checkFrames(rest, inflater: Inflater())
  case 5: checkCompression(rest, inflater: Inflater())
  case 1: checkRequest(rest)
  case 2: checkSession(rest)
  default: checkLines(rest)
  }
  return 0
}

// SPDX-License-Identifier: Apache-2.0
//
// wfanout's input from clients: frames, requests and messages; and the lines that it encodes for them.
@testable import WfanoutCore

/// libFuzzer's entry; how to run it: Fuzz/README.md. The first byte selects the part that gets the rest.
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

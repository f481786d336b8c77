// SPDX-License-Identifier: Apache-2.0
import Filter
import NIOCore
import Synchronization

/// Compiles filters, each once, on the workers.
final class FilterCompiler: Sendable {
  private let costLimit: Int
  private let compiled = Mutex<[FilterRequest: FilterMatcher]>([:])
  private let meter = CPUMeter()

  /// Anonymous clients choose the filters, so the cache is bounded.
  private static let cacheLimit = 256
  private static let lengthLimit = 8192

  init(costLimit: Int) { self.costLimit = costLimit }

  /// The filter of a request that was compiled before.
  func known(_ request: FilterRequest) -> FilterMatcher? { compiled.withLock { $0[request] } }

  /// Compiles a filter on a worker. The future belongs to `loop`.
  func compile(
    _ request: FilterRequest, on workers: Workers, account: String, cancellation: Cancellation,
    loop: any EventLoop
  ) -> EventLoopFuture<Result<FilterMatcher, HTTPError>> {
    let promise = loop.makePromise(of: Result<FilterMatcher, HTTPError>.self)
    let work = OneStepWork {
      Result { () throws(HTTPError) in
        if cancellation.isCancelled { throw HTTPError.unavailable("the client has left") }
        return try self.compile(request)
      }
    } whenDone: {
      promise.succeed($0)
    }
    workers.submit(work, account: account, meter: meter)
    return promise.futureResult
  }

  /// Compiles a filter, or finds it in the cache; refuses an invalid one with the compiler's error.
  func compile(_ request: FilterRequest) throws(HTTPError) -> FilterMatcher {
    if let known = known(request) { return known }
    guard request.key.utf8.count <= FilterCompiler.lengthLimit else {
      throw .badRequest("the filters are longer than \(FilterCompiler.lengthLimit) bytes")
    }
    let options = FilterOptions(
      expression: request.expression, fieldSelector: request.fieldSelector,
      labelSelector: request.labelSelector,
      types: request.types?.split(separator: ",").map(String.init) ?? [], costLimit: costLimit)
    let filter: LineFilter
    do throws(FilterError) {
      filter = try LineFilter(options)
    } catch {
      throw .badRequest("filter: \(error.description)")
    }
    if let cost = filter.minimumCost, cost > costLimit {
      throw .badRequest("filter: it takes at least \(cost) steps per event, but cost-limit is \(costLimit)")
    }
    if filter.usesOld {
      throw .badRequest("filter: 'old' is not available in wfanout; use wfilter in front of it")
    }
    let matcher = FilterMatcher(filter, key: request.key)
    compiled.withLock { compiled in
      if compiled.count >= FilterCompiler.cacheLimit { compiled.removeAll() }
      compiled[request] = matcher
    }
    return matcher
  }
}

/** Requests of Effect's HTTP clients. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpClient from "effect/http/HttpClient"
import { isHttpClientError } from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import { Aborted, errorTypeOf, failureIn } from "../util/errorType.ts"
import type { BeginClientRequest, ClientRequest } from "./clientRequests.ts"
import { sizeOf } from "./words.ts"

/** The client, with each of its requests measured until the head of the response has arrived. */
export const measureClient = <E, R>(
  begin: BeginClientRequest,
  client: HttpClient.HttpClient.With<E, R>
): HttpClient.HttpClient.With<E, R> =>
  HttpClient.transform(client, (effect, request) =>
    Effect.withFiber((fiber) => {
      const { body, method } = request
      const origin = Option.match(HttpClientRequest.toUrl(request), { onNone: () => "", onSome: (url) => url.origin })
      const size = body._tag === "Empty" ? 0 : body.contentLength
      const measured = begin(fiber.getRef(Clock.Clock), method, origin, size)
      return Effect.onExit(effect, (exit) => Effect.sync(() => end(measured, exit)))
    })
  )

const end = (measured: ClientRequest, exit: Exit.Exit<HttpClientResponse, unknown>): void => {
  const error = Exit.isFailure(exit) ? failureIn(exit.cause) : undefined
  const response = Exit.isSuccess(exit) ? exit.value : isHttpClientError(error) ? error.response : undefined
  if (response !== undefined) measured.responded(response.status, sizeOf(response.headers["content-length"]))
  // For a client that fails on them, a status from 400 on is more precise than the error.
  if (Exit.isSuccess(exit) || (response !== undefined && response.status >= 400)) return measured.end(undefined)
  measured.end(error === undefined ? Aborted : errorTypeOf(isHttpClientError(error) ? error.reason : error))
}

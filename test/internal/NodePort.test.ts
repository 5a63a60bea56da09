// Ports as in Deno, which arrived in a message: without `on`, and without `close` on the parent's port.
import type { MessagePort } from "node:worker_threads"
import { expect, it, vi } from "@effect/vitest"
import { asNodePort, closeParentPort } from "../../src/internal/util/nodePort.ts"

class WebPort extends EventTarget {
  readonly start = vi.fn()
  says(data: unknown): boolean {
    return this.dispatchEvent(new MessageEvent("message", { data }))
  }
}

it("a web port can be listened to like a Node port", () => {
  const web = new WebPort()
  const port = asNodePort(web as unknown as MessagePort)
  const heard: Array<unknown> = []
  port.once("close", () => heard.push("closed"))
  expect(web.start).not.toHaveBeenCalled()
  port.on("message", (data) => heard.push(data))
  expect(web.start).toHaveBeenCalledOnce()
  web.says(1)
  web.says(2)
  web.dispatchEvent(new Event("close"))
  web.dispatchEvent(new Event("close"))
  expect(heard).toEqual([1, 2, "closed"])
  // It is the same port, which Node's functions take.
  expect(port).toBe(web)
})

it("a Node port is left unchanged", () => {
  const on = vi.fn()
  const port = { on } as unknown as MessagePort
  expect(asNodePort(port).on).toBe(on)
})

it("the parent port is closed, or unreferenced if it cannot be closed", () => {
  const node = { close: vi.fn(), unref: vi.fn() }
  closeParentPort(node as unknown as MessagePort)
  expect([node.close.mock.calls.length, node.unref.mock.calls.length]).toEqual([1, 0])
  const deno = { unref: vi.fn() }
  closeParentPort(deno as unknown as MessagePort)
  expect(deno.unref).toHaveBeenCalledOnce()
})

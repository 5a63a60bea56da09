import "reflect-metadata"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import {
  Controller,
  Get,
  Injectable,
  Module,
  NotFoundException,
  type OnApplicationShutdown,
  Param,
  Req,
  Res
} from "@nestjs/common"
import { NestFactory } from "@nestjs/core"
import { nodeHandler, shutdown } from "../metrics.ts"
import { findOrder, type Order } from "../orders.ts"

@Controller("orders")
class Orders {
  @Get(":id")
  async find(@Param("id") id: string): Promise<Order> {
    const order = await findOrder(id)
    if (order === undefined) throw new NotFoundException()
    return order
  }
}

@Controller("metrics")
class Metrics {
  @Get()
  scrape(@Req() request: IncomingMessage, @Res() response: ServerResponse): void {
    nodeHandler(request, response)
  }
}

/** Runs when the server has closed: requests that are being answered are completed, and their events are exported. */
@Injectable()
class EndOfMetrics implements OnApplicationShutdown {
  onApplicationShutdown(): Promise<void> {
    return shutdown()
  }
}

@Module({ controllers: [Orders, Metrics], providers: [EndOfMetrics] })
class Shop {}

const app = await NestFactory.create(Shop, { logger: ["warn", "error"] })
app.enableShutdownHooks(["SIGTERM", "SIGINT"])
await app.listen(Number(process.env.PORT ?? 3000))
console.log(`listening on port ${(app.getHttpServer().address() as AddressInfo).port}`)

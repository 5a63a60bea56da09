/** A script of steps, with one folder in which the packed tarball is installed. */
import { Consumer, locked, packInto } from "./consumer.ts"

const consumer = new Consumer()
export const { folder } = consumer
export const run = consumer.run.bind(consumer)
export const node = consumer.node.bind(consumer)
export const bin = consumer.bin.bind(consumer)

/** Packs the package and installs it in the folder, with other packages of the versions that the repository has. */
export const installPacked = (manifest: object, ...others: ReadonlyArray<string>): void =>
  consumer.install(manifest, packInto(consumer), ...others.map(locked))

/** Runs the steps in order, and removes the folder after the last one. */
export const runSteps = async (steps: { readonly [what: string]: () => void | Promise<void> }): Promise<void> => {
  try {
    for (const [what, step] of Object.entries(steps)) {
      const start = performance.now()
      await step()
      console.log(`${((performance.now() - start) / 1000).toFixed(1).padStart(5)} s  ${what}`)
    }
    consumer.remove()
  } catch (error) {
    console.error(error)
    console.error(`The consumer is left for a look in ${folder}`)
    process.exitCode = 1
  }
}

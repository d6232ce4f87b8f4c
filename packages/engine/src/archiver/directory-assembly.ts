// Puts the nodes of one directory together in the order of their names, although the files among
// them are read at the same time and finish in any order.
import type { Node } from '../format/node.ts'
import { createTreeEncoder } from '../format/tree.ts'

/** The place of one entry; must be settled once. */
export interface NodeSlot {
  /** Undefined leaves the entry out. */
  settle(node: Node | undefined): void
}

export interface DirectoryAssembly {
  /**
   * Takes the next place; call in the order of names. `onPlaced` runs when the node is encoded and
   * no longer held.
   */
  reserve(onPlaced: () => void): NodeSlot
  /** No place is taken any more. Resolves with the tree once every slot is settled. */
  finish(): Promise<Buffer>
}

export function assembleDirectory(): DirectoryAssembly {
  const encoder = createTreeEncoder()
  const waiting: PendingSlot[] = []
  let first = 0
  let onEmpty: (() => void) | undefined

  function placeSettled(): void {
    for (let slot = waiting[first]; slot?.isSettled === true; slot = waiting[first]) {
      if (slot.node !== undefined) encoder.append(slot.node)
      slot.onPlaced()
      first += 1
    }
    if (first > COMPACT_AFTER || first === waiting.length) {
      waiting.splice(0, first)
      first = 0
    }
    if (waiting.length === 0) onEmpty?.()
  }

  return {
    reserve(onPlaced) {
      const slot: PendingSlot = { isSettled: false, node: undefined, onPlaced }
      waiting.push(slot)
      return {
        settle(node) {
          slot.node = node
          slot.isSettled = true
          if (slot === waiting[first]) placeSettled()
        },
      }
    },
    async finish() {
      if (waiting.length > 0) {
        await new Promise<void>((resolve) => {
          onEmpty = resolve
        })
      }
      return encoder.finish()
    },
  }
}

interface PendingSlot {
  isSettled: boolean
  node: Node | undefined
  readonly onPlaced: () => void
}

/** Placed slots are dropped from the front of the list in stretches of this length. */
const COMPACT_AFTER = 1024

// The rolling Rabin fingerprint over a window of 64 bytes, in AssemblyScript (repository format,
// sections 4.1 and 4.3). Compiled to rolling-hash.wasm beside this file by
// `node packages/engine/src/chunker/build-rolling-hash.ts`; a test compares the two.
//
// Memory, written by chunker.ts:
//   0      MOD, 256 x u64: the reduction of the byte that leaves the digest at its top
//   2048   OUT8, 256 x u64: the weight of the byte that leaves the window, already shifted by 8
//   4096   input; positions are byte offsets into it, and at least 64 bytes lie before each
//          position that is scanned

const OUT8: usize = 2048;
const INPUT: usize = 4096;
const WINDOW: u32 = 64;
const CUT_MASK: u64 = 0xfffff;
/** Bytes that each of the four lanes scans before all of them move on. */
const LANE: u32 = 4096;
const LANES: u32 = 4;

// Precondition of all uses: the high bits of a digest are an index below 256, since a digest has
// 53 bits.
@inline
function slide(digest: u64, oldest: u32, newest: u32): u64 {
  return (
    ((digest << 8) | (newest as u64)) ^
    load<u64>((digest >> 45) as usize << 3) ^
    load<u64>((oldest as usize) << 3, OUT8)
  );
}

@inline
function byteAt(position: u32): u32 {
  return load<u8>(position as usize, INPUT) as u32;
}

/** The digest of the 64 bytes before `position`. */
export function digestBefore(position: u32): u64 {
  let digest: u64 = 0;
  for (let index: u32 = position - WINDOW; index < position; index++) {
    digest = ((digest << 8) | (byteAt(index) as u64)) ^ load<u64>((digest >> 45) as usize << 3);
  }
  return digest;
}

/**
 * The first position in `start` < position <= `end` whose 64 bytes before it have a digest that
 * ends in 20 zero bits; 0 if there is none.
 */
export function findCandidate(start: u32, end: u32): u32 {
  let from = start;
  while (end - from >= LANE * LANES) {
    // A digest depends on 64 bytes only, so four stretches can be scanned at once: the processor
    // overlaps what would otherwise be one long chain of table look-ups.
    if (hasCandidateInLanes(from)) {
      return findInOrder(from, from + LANE * LANES);
    }
    from += LANE * LANES;
  }
  return findInOrder(from, end);
}

function findInOrder(start: u32, end: u32): u32 {
  let digest = digestBefore(start);
  for (let position = start; position < end; position++) {
    digest = slide(digest, byteAt(position - WINDOW), byteAt(position));
    if ((digest & CUT_MASK) == 0) return position + 1;
  }
  return 0;
}

function hasCandidateInLanes(start: u32): bool {
  let digest0 = digestBefore(start);
  let digest1 = digestBefore(start + LANE);
  let digest2 = digestBefore(start + LANE * 2);
  let digest3 = digestBefore(start + LANE * 3);
  for (let position = start; position < start + LANE; position++) {
    digest0 = slide(digest0, byteAt(position - WINDOW), byteAt(position));
    digest1 = slide(digest1, byteAt(position + LANE - WINDOW), byteAt(position + LANE));
    digest2 = slide(digest2, byteAt(position + LANE * 2 - WINDOW), byteAt(position + LANE * 2));
    digest3 = slide(digest3, byteAt(position + LANE * 3 - WINDOW), byteAt(position + LANE * 3));
    if (
      ((digest0 & CUT_MASK) == 0) |
      ((digest1 & CUT_MASK) == 0) |
      ((digest2 & CUT_MASK) == 0) |
      ((digest3 & CUT_MASK) == 0)
    ) {
      return true;
    }
  }
  return false;
}

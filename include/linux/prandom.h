/* Numbers that only look like chance: the same from the same beginning. Which they are is not what Linux gives. */
#ifndef _LINUX_PRANDOM_H
#define _LINUX_PRANDOM_H
#include <linux/types.h>
#include <linux/random.h>
struct rnd_state {
	u64 at;
};
static __always_inline void prandom_seed_state(struct rnd_state *state, u64 seed) { state->at = seed; }
/* Steps of a fixed odd number, and the bits of each mixed until none looks like its neighbour. */
static __always_inline u32 prandom_u32_state(struct rnd_state *state)
{
	u64 mixed = state->at += 0x9e3779b97f4a7c15ull;

	mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ull;
	mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebull;
	return (u32)((mixed ^ (mixed >> 31)) >> 32);
}
static __maybe_unused void prandom_bytes_state(struct rnd_state *state, void *to, size_t size)
{
	u8 *byte = to;

	while (size--)
		*byte++ = prandom_u32_state(state);
}
#endif

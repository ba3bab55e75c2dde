// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the fuzzers share: their input as a stream, and what must hold whatever
 * the input is.  All that happens follows from the input alone: time is the
 * world's, and so is randomness.
 */
#ifndef FUZZ_UTIL_H
#define FUZZ_UTIL_H

#include "../unit/world.h"

/* Stops the fuzzer, which keeps the input. */
#define FUZZ_CHECK(condition)                                                  \
	do {                                                                   \
		if (!(condition))                                              \
			fuzz_failed(#condition, __FILE__, __LINE__);           \
	} while (0)

void fuzz_failed(const char *what, const char *file, int line)
	__attribute__((noreturn));

/* ------------------------------------------------------------------- input */

struct fuzz_input {
	const uint8_t *ptr;
	size_t left;
};

/* 0 when there is nothing left. */
uint8_t fuzz_u8(struct fuzz_input *input);
uint16_t fuzz_u16(struct fuzz_input *input);

/* As many as wanted, or as there are. */
struct gikev2_chunk fuzz_take(struct fuzz_input *input, size_t len);

/* ----------------------------------------------------------- putting it right */

/* One payload after the other, as far as their lengths make sense. */
struct fuzz_walk {
	uint8_t *at, *end;
	uint8_t type, next;
	size_t len; /* of the body, which is at `at` */
};

/* Goes to the next one. */
bool fuzz_walk(struct fuzz_walk *walk);

/* The keys in KD, which stand there in the clear, wrapped in place. */
void fuzz_right_keys(struct gikev2 *engine, uint8_t first, uint8_t *text,
		     size_t text_len, const struct gikev2_kwa *kwa,
		     const uint8_t *kwk);

/* ------------------------------------------------------------------- world */

enum fuzz_rekey {
	FUZZ_INBAND,
	FUZZ_IMPLICIT,
	FUZZ_SIGNED,
	FUZZ_REKEY_MAX
};

struct fuzz_scene {
	struct world *world;
	struct world_node *ks, *r1;
	struct gikev2_key *key; /* signs GSA_REKEY */
	bool forged;		/* the server's messages are the input's */
};

/* A key server that serves its group, and members that it knows. */
struct fuzz_scene fuzz_scene_new(uint64_t seed, enum fuzz_rekey rekey,
				 size_t members);
void fuzz_scene_free(struct fuzz_scene *scene);

/* The server serves its group (again). */
void fuzz_serve(struct fuzz_scene *scene);

/*
 * Checks after whatever happened: each key of a member is one that the server
 * made, no two are for sending, there is one for sending while one is
 * accepted, and nothing grows without bound.  Of a server whose messages are
 * forged, only what no server can bring about is checked.
 */
void fuzz_check(struct fuzz_scene *scene);

#endif /* FUZZ_UTIL_H */

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Deadlines: a heap, so that ten thousand SAs cost a handful of steps.
 */
#ifndef GIKEV2_TIMER_H
#define GIKEV2_TIMER_H

#include <stddef.h>
#include <stdint.h>

struct gikev2_timer {
	uint64_t at;
	size_t slot; /* in the heap, from 1; 0: not armed */
	void (*fire)(void *owner, uint64_t now);
	void *owner;
};

/* What is compared lies beside each other, not in the owners. */
struct gikev2_deadline {
	uint64_t at;
	struct gikev2_timer *timer;
};

struct gikev2_timers {
	struct gikev2_deadline *heap;
	uint64_t first; /* heap[0].at, nearer at hand */
	size_t armed, room;
	size_t known; /* initialised timers: the room they may need */
};

/* Makes room, so that arming never fails.  0 or -GIKEV2_ERR_NO_MEMORY. */
int gikev2_timer_init(struct gikev2_timers *timers, struct gikev2_timer *timer,
		      void (*fire)(void *owner, uint64_t now), void *owner);

/* The opposite; disarms it. */
void gikev2_timer_fini(struct gikev2_timers *timers,
		       struct gikev2_timer *timer);

/* Arms or moves; GIKEV2_NEVER disarms. */
void gikev2_timer_set(struct gikev2_timers *timers, struct gikev2_timer *timer,
		      uint64_t at);

/* The earliest; GIKEV2_NEVER when none is armed. */
uint64_t gikev2_timers_next(const struct gikev2_timers *timers);

/* Disarms and fires each that is due. */
void gikev2_timers_run(struct gikev2_timers *timers, uint64_t now);

/* The earliest of them, `most` at most. */
void gikev2_timers_run_some(struct gikev2_timers *timers, uint64_t now,
			    size_t most);

void gikev2_timers_free(struct gikev2_timers *timers);

#endif /* GIKEV2_TIMER_H */

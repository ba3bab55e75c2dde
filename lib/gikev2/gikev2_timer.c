// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Deadlines: a heap of them, and timers that live in their owners.
 */
#include <stdlib.h>

#include "gikev2/gikev2.h"
#include "gikev2/gikev2_timer.h"

/* Children of a place: in a heap of four it is flat, and they lie together. */
#define CHILDREN 4

static void place(struct gikev2_timers *timers, size_t slot,
		  struct gikev2_deadline deadline)
{
	timers->heap[slot - 1] = deadline;
	deadline.timer->slot = slot;
	if (slot == 1)
		timers->first = deadline.at;
}

/* From `slot`, where there is a gap, up to where it belongs. */
static void sift_up(struct gikev2_timers *timers, size_t slot,
		    struct gikev2_deadline deadline)
{
	while (slot > 1) {
		size_t parent = (slot - 2) / CHILDREN + 1;

		if (timers->heap[parent - 1].at <= deadline.at)
			break;
		place(timers, slot, timers->heap[parent - 1]);
		slot = parent;
	}
	place(timers, slot, deadline);
}

/* The slot of the earliest child; 0: there is none. */
static size_t first_child(const struct gikev2_timers *timers, size_t slot)
{
	size_t child = (slot - 1) * CHILDREN + 2, best = child;

	if (child > timers->armed)
		return 0;
	for (size_t i = child + 1; i < child + CHILDREN && i <= timers->armed;
	     i++)
		if (timers->heap[i - 1].at < timers->heap[best - 1].at)
			best = i;
	return best;
}

static void sift_down(struct gikev2_timers *timers, size_t slot,
		      struct gikev2_deadline deadline)
{
	size_t child;

	while ((child = first_child(timers, slot)) &&
	       timers->heap[child - 1].at < deadline.at) {
		place(timers, slot, timers->heap[child - 1]);
		slot = child;
	}
	place(timers, slot, deadline);
}

/* Into the gap at `slot`, up or down. */
static void settle(struct gikev2_timers *timers, size_t slot,
		   struct gikev2_deadline deadline)
{
	size_t parent = slot > 1 ? (slot - 2) / CHILDREN + 1 : 0;

	if (parent && timers->heap[parent - 1].at > deadline.at)
		sift_up(timers, slot, deadline);
	else
		sift_down(timers, slot, deadline);
}

static void disarm(struct gikev2_timers *timers, struct gikev2_timer *timer)
{
	size_t slot = timer->slot;

	if (!slot)
		return;
	timer->slot = 0;
	timers->armed--;
	if (slot <= timers->armed)
		settle(timers, slot, timers->heap[timers->armed]);
}

int gikev2_timer_init(struct gikev2_timers *timers, struct gikev2_timer *timer,
		      void (*fire)(void *owner, uint64_t now), void *owner)
{
	if (timers->known + 1 > timers->room) {
		size_t room = timers->room ? timers->room * 2 : 64;
		struct gikev2_deadline *heap =
			realloc(timers->heap, room * sizeof(*heap));

		if (!heap)
			return -GIKEV2_ERR_NO_MEMORY;
		timers->heap = heap;
		timers->room = room;
	}
	timers->known++;
	*timer = (struct gikev2_timer){ .fire = fire, .owner = owner };
	return 0;
}

void gikev2_timer_fini(struct gikev2_timers *timers, struct gikev2_timer *timer)
{
	if (!timer->fire)
		return;
	disarm(timers, timer);
	timers->known--;
	timer->fire = NULL;
}

void gikev2_timer_set(struct gikev2_timers *timers, struct gikev2_timer *timer,
		      uint64_t at)
{
	if (at == GIKEV2_NEVER) {
		disarm(timers, timer);
		return;
	}
	if (timer->slot && timer->at == at)
		return;
	timer->at = at;
	if (!timer->slot)
		sift_up(timers, ++timers->armed,
			(struct gikev2_deadline){ at, timer });
	else
		settle(timers, timer->slot,
		       (struct gikev2_deadline){ at, timer });
}

uint64_t gikev2_timers_next(const struct gikev2_timers *timers)
{
	return timers->armed ? timers->first : GIKEV2_NEVER;
}

void gikev2_timers_run_some(struct gikev2_timers *timers, uint64_t now,
			    size_t most)
{
	for (; most && timers->armed && timers->heap[0].at <= now; most--) {
		struct gikev2_timer *timer = timers->heap[0].timer;

		disarm(timers, timer);
		timer->fire(timer->owner, now);
	}
}

void gikev2_timers_run(struct gikev2_timers *timers, uint64_t now)
{
	gikev2_timers_run_some(timers, now, SIZE_MAX);
}

void gikev2_timers_free(struct gikev2_timers *timers)
{
	free(timers->heap);
	*timers = (struct gikev2_timers){ 0 };
}

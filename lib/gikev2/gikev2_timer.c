// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Deadlines: a binary heap of timers that live in their owners.
 */
#include <stdlib.h>

#include "gikev2/gikev2.h"
#include "gikev2/gikev2_timer.h"

static void place(struct gikev2_timers *timers, size_t slot,
		  struct gikev2_timer *timer)
{
	timers->heap[slot] = timer;
	timer->slot = slot;
}

static void sift_up(struct gikev2_timers *timers, struct gikev2_timer *timer)
{
	size_t slot = timer->slot;

	while (slot > 1 && timers->heap[slot / 2]->at > timer->at) {
		place(timers, slot, timers->heap[slot / 2]);
		slot /= 2;
	}
	place(timers, slot, timer);
}

static void sift_down(struct gikev2_timers *timers, struct gikev2_timer *timer)
{
	size_t slot = timer->slot, child;

	while ((child = slot * 2) <= timers->armed) {
		if (child < timers->armed &&
		    timers->heap[child + 1]->at < timers->heap[child]->at)
			child++;
		if (timers->heap[child]->at >= timer->at)
			break;
		place(timers, slot, timers->heap[child]);
		slot = child;
	}
	place(timers, slot, timer);
}

static void disarm(struct gikev2_timers *timers, struct gikev2_timer *timer)
{
	struct gikev2_timer *last;
	size_t slot = timer->slot;

	if (!slot)
		return;
	timer->slot = 0;
	last = timers->heap[timers->armed--];
	if (last == timer)
		return;
	place(timers, slot, last);
	sift_up(timers, last);
	sift_down(timers, last);
}

int gikev2_timer_init(struct gikev2_timers *timers, struct gikev2_timer *timer,
		      void (*fire)(void *owner, uint64_t now), void *owner)
{
	if (timers->known + 2 > timers->room) {
		size_t room = timers->room ? timers->room * 2 : 64;
		struct gikev2_timer **heap =
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

void gikev2_timer_fini(struct gikev2_timers *timers,
		       struct gikev2_timer *timer)
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
	timer->at = at;
	if (!timer->slot)
		place(timers, ++timers->armed, timer);
	sift_up(timers, timer);
	sift_down(timers, timer);
}

uint64_t gikev2_timers_next(const struct gikev2_timers *timers)
{
	return timers->armed ? timers->heap[1]->at : GIKEV2_NEVER;
}

void gikev2_timers_run(struct gikev2_timers *timers, uint64_t now)
{
	while (timers->armed && timers->heap[1]->at <= now) {
		struct gikev2_timer *timer = timers->heap[1];

		disarm(timers, timer);
		timer->fire(timer->owner, now);
	}
}

void gikev2_timers_free(struct gikev2_timers *timers)
{
	free(timers->heap);
	*timers = (struct gikev2_timers){ 0 };
}

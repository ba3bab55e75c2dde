// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Datagrams under way, in the order of their arrival; in one instant of when
 * they were sent.
 *
 * None is under way for longer than two seconds.  So the near future is a ring
 * of slots of half a millisecond: a datagram is put behind the others of its
 * slot, and they are sorted when they are the next ones to arrive.
 */
#include <assert.h>
#include <stdlib.h>

#include "sim.h"

#define SLOT_SHIFT 9 /* 512 microseconds */
#define ROOM_MIN 16

static size_t slot_of(uint64_t at)
{
	return (at >> SLOT_SHIFT) % SIM_SLOTS;
}

static int compare(const void *a, const void *b)
{
	const struct sim_datagram *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return x->to < y->to ? -1 : x->to > y->to;
}

static void make_room(struct sim_slot *slot)
{
	if (slot->end < slot->room)
		return;
	slot->room = slot->room ? slot->room * 2 : ROOM_MIN;
	slot->datagrams =
		realloc(slot->datagrams, slot->room * sizeof(*slot->datagrams));
	assert(slot->datagrams);
}

void sim_queue_put(struct sim_queue *queue, uint64_t now,
		   const struct sim_datagram *datagram)
{
	size_t index = slot_of(datagram->at), at;
	struct sim_slot *slot = &queue->slots[index];

	/* one turn of the ring, and not into the slot that it begins with */
	assert(datagram->at - now < (SIM_SLOTS - 1) << SLOT_SHIFT);
	make_room(slot);
	at = slot->end++;
	for (; slot->sorted && at > slot->begin &&
	       compare(&slot->datagrams[at - 1], datagram) > 0;
	     at--)
		slot->datagrams[at] = slot->datagrams[at - 1];
	slot->datagrams[at] = *datagram;
	queue->busy[index / 64] |= UINT64_C(1) << index % 64;
	if (!queue->count++ || datagram->at < queue->next)
		queue->next = datagram->at;
}

/* The first slot of the ring from `index` on that is not empty. */
static struct sim_slot *first_busy(struct sim_queue *queue, size_t index)
{
	size_t word = index / 64;
	uint64_t bits = queue->busy[word] & UINT64_MAX << index % 64;

	while (!bits) {
		word = (word + 1) % (SIM_SLOTS / 64);
		bits = queue->busy[word];
	}
	return &queue->slots[word * 64 + __builtin_ctzll(bits)];
}

static void sort(struct sim_slot *slot)
{
	if (!slot->sorted)
		qsort(slot->datagrams, slot->end, sizeof(*slot->datagrams),
		      compare);
	slot->sorted = true;
}

uint64_t sim_queue_next(const struct sim_queue *queue)
{
	return queue->count ? queue->next : GIKEV2_NEVER;
}

struct sim_datagram sim_queue_take(struct sim_queue *queue)
{
	size_t index = slot_of(queue->next);
	struct sim_slot *slot = &queue->slots[index];
	struct sim_datagram first;

	sort(slot);
	first = slot->datagrams[slot->begin++];
	if (slot->begin == slot->end) {
		slot->begin = slot->end = 0;
		slot->sorted = false;
		queue->busy[index / 64] &= ~(UINT64_C(1) << index % 64);
	}
	if (--queue->count) {
		slot = first_busy(queue, index);
		sort(slot);
		queue->next = slot->datagrams[slot->begin].at;
	}
	return first;
}

const struct sim_datagram *sim_queue_peek(const struct sim_queue *queue,
					  size_t ahead)
{
	const struct sim_slot *slot = &queue->slots[slot_of(queue->next)];

	return slot->sorted && slot->begin + ahead < slot->end
		       ? &slot->datagrams[slot->begin + ahead]
		       : NULL;
}

void sim_queue_free(struct sim_queue *queue)
{
	for (size_t i = 0; i < SIM_SLOTS; i++)
		free(queue->slots[i].datagrams);
}

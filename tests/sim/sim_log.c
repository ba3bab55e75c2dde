// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What routers did, in order.
 */
#include <assert.h>
#include <stdlib.h>

#include "sim.h"

#define ROOM_MIN 4096
#define ALIGN _Alignof(struct sim_record)

void *sim_log_add(struct sim_node *node, enum sim_record_kind kind, size_t size)
{
	struct sim_log *log = &node->shard->log;
	struct sim_account *before = sim_memory_of(NULL);
	struct sim_record *record;

	size = (sizeof(*record) + size + ALIGN - 1) / ALIGN * ALIGN;
	while (log->used + size > log->room) {
		log->room = log->room ? log->room * 2 : ROOM_MIN;
		log->octets = realloc(log->octets, log->room);
		assert(log->octets);
	}
	sim_memory_of(before);
	record = (struct sim_record *)(log->octets + log->used);
	log->used += size;
	record->at = sim_now(node->sim, node);
	record->node = node;
	record->size = size;
	record->kind = kind;
	return record->octets;
}

static struct sim_record *first_of(const struct sim_log *log)
{
	return log->begin < log->used
		       ? (struct sim_record *)(log->octets + log->begin)
		       : NULL;
}

/* The first of all; NULL. */
static struct sim_record *take(struct sim *sim)
{
	struct sim_record *first = NULL;

	for (size_t i = 0; i < SIM_SHARDS; i++) {
		struct sim_record *record = first_of(&sim->shards[i].log);

		if (record && (!first || record->at < first->at))
			first = record;
	}
	if (first)
		first->node->shard->log.begin += first->size;
	return first;
}

static void post(struct sim *sim, const struct sim_record *record)
{
	struct sim_octets *message =
		*(struct sim_octets *const *)record->octets;
	uint64_t *digest = &sim->results.digest;

	*digest = sim_mix(*digest, message->at);
	*digest = sim_mix(*digest, message->digest);
	sim_network_post(sim, message);
}

static void apply(struct sim *sim, struct sim_record *record)
{
	const void *octets = record->octets;
	const struct sim_delay_note *delays = octets;
	struct sim_roll *roll = (void *)record->octets;

	switch (record->kind) {
	case SIM_SENT:
		post(sim, record);
		break;
	case SIM_HELD:
		record->node->told = false;
		sim_keys_update(record->node, octets);
		break;
	case SIM_ROLLED:
		roll->status.rows = (const struct keytable_row *)(roll + 1);
		sim_keys_note(roll->group, &roll->status);
		break;
	case SIM_DELAYS:
		sim_keys_follow(delays->group, &delays->delays);
		break;
	case SIM_SAID:
		sim_say(sim, record->node, octets);
		break;
	case SIM_FAILED:
		sim_fail(sim, record->node, "%s", (const char *)octets);
		break;
	}
}

/* What comes after a failure happened nowhere. */
static void drop(struct sim_log *log)
{
	struct sim_record *record;

	for (; (record = first_of(log)); log->begin += record->size)
		if (record->kind == SIM_SENT)
			free(*(struct sim_octets **)record->octets);
	log->begin = log->used = 0;
}

void sim_log_merge(struct sim *sim)
{
	struct sim_record *record;

	while (!sim->failed && (record = take(sim))) {
		SIM_CHECK(sim, NULL, record->at >= sim->now,
			  "time runs backwards");
		sim->now = record->at;
		apply(sim, record);
	}
	for (size_t i = 0; i < SIM_SHARDS; i++)
		drop(&sim->shards[i].log);
}

void sim_log_free(struct sim_log *log)
{
	drop(log);
	free(log->octets);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who sends with which key, and who accepts it.
 *
 * The promise: no member in standing sends with a key that another member in
 * standing does not accept.  In standing is who holds keys and has received
 * each generation in time; see doc/developer/simulation.rst.  It is kept in
 * counters by key, so that a change of one member costs the same among ten
 * members and among ten thousand.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "gikev2/gikev2_group.h"
#include "sim.h"

/* -------------------------------------------------------- what servers made */

static struct sim_key **bucket(struct sim *sim, const struct keytable_row *row)
{
	uint32_t hash = row->id ^ row->protocol ^ gikev2_get_int(row->key, 4);

	return &sim->keys.buckets[(hash ^ hash >> 12) % SIM_KEY_BUCKETS];
}

struct sim_key *sim_keys_find(struct sim *sim, const struct keytable_row *row)
{
	struct sim_key *key = *bucket(sim, row);

	while (key && (key->id != row->id || key->protocol != row->protocol ||
		       key->key_len != row->key_len ||
		       memcmp(key->key, row->key, row->key_len) != 0))
		key = key->next;
	return key;
}

static bool holds(const struct sim_node *node,
		  const struct sim_generation *generation)
{
	for (size_t i = 0; i < node->known.count; i++)
		if (node->known.holds[i].key->generation == generation)
			return true;
	return false;
}

static void set_late(struct sim_node *node,
		     const struct sim_generation *generation)
{
	struct sim *sim = node->sim;

	if (!node->late) {
		node->late = true;
		node->late_since = sim->now;
		sim->results.late++;
		sim_trace(sim, node, "is late for generation %" PRIu64,
			  generation->ordinal);
	}
	sim_keys_leave(node);
}

/*
 * Where rolls wait, nobody is late but who was given up: the server did not know
 * it when it rolled, or has said so.
 */
static void check_late(struct sim_node *node,
		       const struct sim_generation *generation)
{
	struct gikev2_group *group = node->group->group;
	const struct gikev2_gm *gm;

	if (!generation->waits || !group ||
	    generation != node->group->youngest ||
	    generation->life != node->sim->life)
		return;
	gm = gikev2_gm_find(group, &node->identity, NULL);
	SIM_CHECK(node->sim, node,
		  !gm || gm->late || gm->registered > generation->made,
		  "has not got generation %" PRIu64
		  ", and the server did not wait for it",
		  generation->ordinal);
}

/*
 * A younger one does instead, from when it is sent with.  Until then others send
 * with this one; a server that waits for its members gives them both.
 */
static bool has_younger(const struct sim_node *node,
			const struct sim_generation *generation)
{
	const struct sim_generation *youngest = generation->group->youngest;
	bool both = generation->waits && generation->life == node->sim->life;

	return holds(node, youngest) &&
	       (both || youngest->atd_end <= node->sim->now);
}

/* The time to receive it is over: who has not got it is late. */
static void time_over(void *owner, uint64_t now)
{
	struct sim_generation *generation = owner;
	struct sim *sim = generation->group->sim;

	(void)now;
	sim->counts.events++;
	generation->due_over = true;
	for (uint32_t i = 1; i < sim->node_count; i++) {
		struct sim_node *node = &sim->nodes[i];

		if (node->group != generation->group || !node->known.count ||
		    holds(node, generation) || has_younger(node, generation))
			continue;
		if (!node->excluded)
			check_late(node, generation);
		set_late(node, generation);
	}
}

/*
 * Others may send with it from ATD on, hence it has to be there by then.  Who
 * receives it sends with the older key for ATD from that moment, and others
 * accept that until DTD: it may be under way for no longer than what is between
 * them, less what servers round up.
 */
static void set_times(struct sim_generation *generation,
		      const struct gikev2_group_status *status)
{
	const struct sim_weather *weather = &generation->group->sim->weather;
	uint64_t spare = GIKEV2_SECOND + weather->delay + weather->jitter;
	uint64_t span = status->dtd_end - status->atd_end;

	generation->waits = status->wait != GIKEV2_WAIT_NONE;
	generation->number = status->generation;
	generation->made = status->created;
	generation->atd_end = status->atd_end;
	generation->dtd_end = status->dtd_end;
	generation->fresh_end =
		status->created + (span > spare ? span - spare : 0);
}

static struct sim_generation *
new_generation(struct sim_group *group,
	       const struct gikev2_group_status *status)
{
	struct sim *sim = group->sim;
	struct sim_generation *generation = calloc(1, sizeof(*generation));

	assert(generation);
	generation->next = group->youngest;
	generation->group = group;
	generation->ordinal = group->youngest ? group->youngest->ordinal + 1
					      : 1;
	generation->life = sim->life;
	set_times(generation, status);
	group->youngest = generation;
	if (gikev2_timer_init(&sim->timers, &generation->timer, time_over,
			      generation) < 0)
		abort();
	gikev2_timer_set(&sim->timers, &generation->timer, generation->atd_end);
	return generation;
}

/*
 * Two keys of one ID are not held at once: who gets the new one has the other no
 * more.  A server that forgot its keys may draw such an ID, and nobody else does.
 */
static void look_for_clash(struct sim_generation *generation,
			   const struct keytable_row *row)
{
	const struct sim_group *group = generation->group;
	struct sim *sim = group->sim;
	bool clash = false;

	for (size_t i = 0; i < group->active_count; i++)
		clash |= group->active[i]->protocol == row->protocol &&
			 group->active[i]->id == row->id &&
			 group->active[i]->generation->life != sim->life;
	for (uint32_t i = 1; clash && i < sim->node_count; i++)
		if (sim->nodes[i].group == group)
			set_late(&sim->nodes[i], generation);
}

static void note_key(struct sim_generation *generation,
		     const struct keytable_row *row)
{
	struct sim *sim = generation->group->sim;
	struct sim_key **head = bucket(sim, row),
		       *key = calloc(1, sizeof(*key));

	assert(key);
	key->generation = generation;
	key->protocol = row->protocol;
	key->id = row->id;
	key->key_len = row->key_len;
	memcpy(key->key, row->key, row->key_len);
	key->next = *head;
	*head = key;
	look_for_clash(generation, row);
}

void sim_keys_note(struct sim_group *group,
		   const struct gikev2_group_status *status)
{
	struct sim_generation *generation = group->youngest;
	struct sim *sim = group->sim;

	SIM_CHECK(sim, &sim->nodes[0],
		  !generation || generation->life != sim->life ||
			  status->generation >= generation->number,
		  "generation %" PRIu64 " of %s after %" PRIu64,
		  status->generation, group->name, generation->number);
	if (generation && generation->life == sim->life &&
	    generation->number == status->generation)
		return;
	generation = new_generation(group, status);
	sim->results.rolls++;
	for (size_t i = 0; i < status->row_count; i++)
		if (!sim_keys_find(sim, &status->rows[i]))
			note_key(generation, &status->rows[i]);
}

/* Nobody is missing: what was announced comes sooner. */
void sim_keys_follow(struct sim_group *group, const struct sim_delays *delays)
{
	struct sim_generation *generation = group->youngest;
	struct sim *sim = group->sim;

	if (!generation || generation->life != sim->life ||
	    generation->number != delays->number ||
	    (generation->atd_end == delays->atd_end &&
	     generation->dtd_end == delays->dtd_end))
		return;
	SIM_CHECK(sim, &sim->nodes[0],
		  delays->atd_end <= generation->atd_end &&
			  delays->dtd_end <= generation->dtd_end,
		  "puts off generation %" PRIu64, generation->ordinal);
	generation->atd_end = delays->atd_end;
	generation->dtd_end = delays->dtd_end;
	if (!generation->due_over)
		gikev2_timer_set(&sim->timers, &generation->timer,
				 generation->atd_end);
}

/* ----------------------------------------------------- what a member may use */

static void activate(struct sim_key *key)
{
	struct sim_group *group = key->generation->group;

	if (key->active)
		return;
	assert(group->active_count < SIM_ACTIVE_MAX);
	key->active = true;
	group->active[group->active_count++] = key;
}

static void deactivate_unused(struct sim_group *group)
{
	for (size_t i = group->active_count; i-- > 0;) {
		struct sim_key *key = group->active[i];

		if (key->senders || key->acceptors)
			continue;
		key->active = false;
		group->active[i] = group->active[--group->active_count];
	}
}

/* What a hold adds to its key's counters, or takes from them again. */
static void count_hold(const struct sim_hold *hold, int by)
{
	hold->key->acceptors += hold->accepts ? by : 0;
	hold->key->senders += hold->sends ? by : 0;
	if (by > 0 && (hold->accepts || hold->sends))
		activate(hold->key);
}

static void count_all(struct sim_node *node, int by)
{
	for (size_t i = 0; i < node->known.count; i++)
		count_hold(&node->known.holds[i], by);
}

static void note_standing(const struct sim_node *node)
{
	uint64_t *digest = &node->sim->results.digest;

	*digest = sim_mix(*digest, node->sim->now);
	*digest = sim_mix(*digest, node->number * 2 + node->standing);
}

void sim_keys_leave(struct sim_node *node)
{
	if (!node->standing)
		return;
	node->standing = node->settled = false;
	node->left_at = node->sim->now;
	note_standing(node);
	count_all(node, -1);
	node->group->standing--;
	deactivate_unused(node->group);
}

/* What was on its way for too long: its delays begin too late. */
static void look_for_delay(struct sim_node *node, const struct sim_holds *holds)
{
	for (size_t i = 0; i < holds->count; i++) {
		const struct sim_hold *hold = &holds->holds[i];
		const struct sim_generation *generation = hold->key->generation;

		if (hold->send_start > node->sim->now &&
		    hold->send_start > generation->dtd_end &&
		    hold->accept_start > generation->fresh_end)
			set_late(node, generation);
	}
}

static bool can_send(const struct sim_node *node)
{
	const struct gikev2_group_config *config = &node->group->config;

	for (size_t i = 0; i < config->protocol_count; i++)
		if (!sim_keys_sender(&node->known,
				     config->protocols[i].protocol))
			return false;
	return true;
}

/* What it was counted for before no longer counts. */
static void take_over(struct sim_node *node, const struct sim_holds *holds)
{
	if (node->standing)
		count_all(node, -1);
	node->known.count = 0;
	if (holds->delivered)
		look_for_delay(node, holds);
	node->known.count = holds->count;
	memcpy(node->known.holds, holds->holds,
	       holds->count * sizeof(holds->holds[0]));
	if (node->standing)
		count_all(node, 1);
	node->sending = can_send(node);
}

/* ---------------------------------------------------------------- the promise */

/*
 * It sends with a key that others may not have yet, because it has no other: it
 * is new, or its last key ran out while there was no server.
 */
static bool is_excused(const struct sim_node *node)
{
	for (size_t i = 0; i < node->known.count; i++) {
		const struct sim_hold *hold = &node->known.holds[i];
		bool alone = true;

		for (size_t j = 0; j < node->known.count; j++)
			if (i != j && node->known.holds[j].accepts &&
			    node->known.holds[j].key->protocol ==
				    hold->key->protocol)
				alone = false;
		if (hold->sends && alone && !hold->key->generation->due_over)
			return true;
	}
	return false;
}

static bool may_enter(struct sim_node *node)
{
	struct sim_group *group = node->group;
	struct sim_generation *youngest = group->youngest;

	if (!node->engine || node->excluded || !node->sending ||
	    (!holds(node, youngest) && (node->late || youngest->due_over)))
		return false;
	for (size_t i = 0; i < node->known.count; i++) {
		const struct sim_hold *hold = &node->known.holds[i];

		if (!hold->sends)
			continue;
		/* who was late may have to wait for its own delay */
		if (node->late && hold->key->generation != youngest)
			return false;
		if (hold->key->acceptors != group->standing)
			return false;
	}
	for (size_t i = 0; i < group->active_count; i++) {
		size_t j = 0;

		while (j < node->known.count &&
		       (node->known.holds[j].key != group->active[i] ||
			!node->known.holds[j].accepts))
			j++;
		if (group->active[i]->senders && j == node->known.count)
			return false;
	}
	return true;
}

static void enter(struct sim_node *node)
{
	struct sim *sim = node->sim;

	node->standing = true;
	note_standing(node);
	node->group->standing++;
	count_all(node, 1);
	if (!node->late)
		return;
	node->late = false;
	if (sim->now - node->late_since > sim->results.longest_late)
		sim->results.longest_late = sim->now - node->late_since;
}

static bool accepts(const struct sim_node *node, const struct sim_key *key)
{
	for (size_t i = 0; i < node->known.count; i++)
		if (node->known.holds[i].key == key &&
		    node->known.holds[i].accepts)
			return true;
	return false;
}

static void broken(struct sim_group *group, const struct sim_key *key)
{
	struct sim *sim = group->sim;
	struct sim_node *deaf = NULL, *sender = NULL;

	for (uint32_t i = 1; i < sim->node_count; i++) {
		struct sim_node *node = &sim->nodes[i];
		const struct sim_hold *hold;

		if (!node->standing || node->group != group)
			continue;
		hold = sim_keys_sender(&node->known, key->protocol);
		if (hold && hold->key == key)
			sender = node;
		if (!accepts(node, key))
			deaf = node;
	}
	sim_fail(
		sim, deaf,
		"does not accept key %u (generation %" PRIu64
		", made %.3f s ago, ATD until %+.3f s, DTD until %+.3f s) with which r%u sends",
		key->id, key->generation->ordinal,
		(sim->now - key->generation->made) / 1e6,
		((double)key->generation->atd_end - sim->now) / 1e6,
		((double)key->generation->dtd_end - sim->now) / 1e6,
		sender ? sender->number : 0);
}

static void check_group(struct sim_group *group)
{
	for (size_t i = 0; i < group->active_count; i++) {
		const struct sim_key *key = group->active[i];

		group->sim->counts.checks++;
		if (key->senders && key->acceptors != group->standing)
			broken(group, key);
	}
}

void sim_keys_update(struct sim_node *node, const struct sim_holds *holds)
{
	struct sim_group *group = node->group;

	take_over(node, holds);
	/* without a key it is another promise that is broken, if any */
	if (node->standing && (!node->sending || is_excused(node)))
		sim_keys_leave(node);
	if (!node->standing && may_enter(node))
		enter(node);
	node->settled = node->standing && !is_excused(node);
	deactivate_unused(group);
	check_group(group);
}

void sim_keys_free(struct sim *sim)
{
	for (size_t i = 0; i < SIM_KEY_BUCKETS; i++) {
		struct sim_key *key = sim->keys.buckets[i], *next;

		for (; key; key = next) {
			next = key->next;
			free(key);
		}
	}
	for (size_t i = 0; i < 2; i++) {
		struct sim_generation *old = sim->groups[i].youngest, *next;

		for (; old; old = next) {
			next = old->next;
			gikev2_timer_fini(&sim->timers, &old->timer);
			free(old);
		}
	}
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The network.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

/* Cache lines of an engine that a message needs that is dropped at once. */
#define ENGINE_LINES 6

static struct sim_node *at_address(struct sim *sim,
				   const struct gikev2_endpoint *address)
{
	uint32_t number = gikev2_get_int(address->ip, 4) & 0xffffff;

	if (address->family != 4 || address->ip[0] != 10 || !number ||
	    number > sim->node_count)
		return NULL;
	return &sim->nodes[number - 1];
}

static bool is_multicast(const struct gikev2_endpoint *address)
{
	return (address->ip[0] & 0xf0) == 0xe0;
}

/*
 * Ten thousand engines do not fit into the processor's cache.  Who will be next
 * is known, so what is needed of him is fetched meanwhile.
 */
static void look_ahead(const struct sim_queue *queue)
{
	const struct sim_datagram *far = sim_queue_peek(queue, 8);
	const struct sim_datagram *near = sim_queue_peek(queue, 3);

	if (far)
		__builtin_prefetch(far->to);
	if (!near || !near->to->engine)
		return;
	for (size_t line = 0; line < ENGINE_LINES; line++)
		__builtin_prefetch((char *)near->to->engine + line * 64);
	if (near->to->member)
		__builtin_prefetch(gikev2_member_keks(near->to->member));
}

void sim_network_arrive(struct sim_shard *shard)
{
	struct sim_datagram datagram = sim_queue_take(&shard->queue);
	struct sim_node *to = datagram.to;
	const struct gikev2_path *path = &datagram.message->path;

	look_ahead(&shard->queue);
	shard->counts.events++;
	/* who was cut off meanwhile does not get what was under way */
	if (!to->engine || to->cut ||
	    (to->spy && !is_multicast(&path->local))) {
		shard->counts.cut++;
	} else {
		shard->counts.delivered++;
		sim_node_input(to, datagram.message);
	}
}

static void enqueue(struct sim_node *to, struct sim_octets *message,
		    uint64_t *chance)
{
	const struct sim_weather *weather = &to->sim->weather;
	const struct sim_datagram datagram = {
		.at = message->at + weather->delay +
		      sim_below(chance, weather->jitter),
		.number = message->number,
		.to = to,
		.message = message,
	};

	sim_queue_put(&to->shard->queue, message->at, &datagram);
}

/* The way from one sender to one receiver. */
static void transmit(struct sim_node *to, struct sim_octets *message,
		     uint64_t *chance)
{
	const struct sim_weather *weather = &to->sim->weather;
	struct sim_counts *counts = &to->shard->counts;

	counts->sent++;
	if (to->cut || !to->engine) {
		counts->cut++;
		return;
	}
	if (sim_chance(chance, weather->loss)) {
		counts->lost++;
		return;
	}
	enqueue(to, message, chance);
	if (sim_chance(chance, weather->duplication)) {
		counts->repeated++;
		enqueue(to, message, chance);
	}
}

/* Whom a multicast goes to: who had joined when it was sent. */
static bool hears(const struct sim_node *node, const struct sim_octets *message)
{
	return node->hears_from <= message->at &&
	       message->at < node->hears_until;
}

void sim_network_spread(struct sim_shard *shard)
{
	struct sim *sim = shard->sim;
	struct sim_octets *message = sim->network.spread;
	uint32_t first = shard - sim->shards, step = SIM_SHARDS - 1;

	for (; message && first; message = message->next) {
		if (!is_multicast(&message->path.local))
			continue;
		for (uint32_t i = first; i < sim->node_count; i += step)
			if (hears(&sim->nodes[i], message))
				transmit(&sim->nodes[i], message,
					 &shard->multicasts);
	}
}

void sim_network_post(struct sim *sim, struct sim_octets *message)
{
	struct sim_network *network = &sim->network;
	struct sim_node *to = at_address(sim, &message->path.local);

	message->number = network->numbers++;
	if (network->youngest)
		network->youngest->next = message;
	else
		network->oldest = message;
	network->youngest = message;
	if (to)
		transmit(to, message, &to->shard->unicasts);
	else if (is_multicast(&message->path.local) && !network->spread)
		network->spread = message;
}

int sim_network_send(struct sim_node *from, const struct gikev2_path *path,
		     const uint8_t *octets, size_t len)
{
	uint64_t digest = sim_wire_check(from, octets, len);
	struct sim_octets *message;

	if (from->cut || from->spy)
		return 0; /* as a cable that is not plugged in */
	message = malloc(sizeof(*message) + len);
	assert(message);
	*message = (struct sim_octets){
		.at = sim_now(from->sim, from),
		.digest = digest,
		.len = len,
		.path = { .local = path->remote, .remote = from->address },
	};
	memcpy(message->octets, octets, len);
	*(struct sim_octets **)sim_log_add(from, SIM_SENT, sizeof(message)) =
		message;
	return 0;
}

static void forget_until(struct sim *sim, uint64_t at)
{
	struct sim_network *network = &sim->network;
	struct sim_octets *old;

	while ((old = network->oldest) && old->at <= at) {
		network->oldest = old->next;
		free(old);
	}
	if (!network->oldest)
		network->youngest = NULL;
}

void sim_network_forget(struct sim *sim)
{
	uint64_t flight = sim->weather.delay + sim->weather.jitter;

	if (sim->now > flight)
		forget_until(sim, sim->now - flight - 1);
}

void sim_network_free(struct sim *sim)
{
	forget_until(sim, UINT64_MAX);
}
